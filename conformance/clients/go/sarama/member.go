package main

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/IBM/sarama"

	"milena/conformance/speech"
)

var strategies = map[string]sarama.BalanceStrategy{
	"range":      sarama.NewBalanceStrategyRange(),
	"roundrobin": sarama.NewBalanceStrategyRoundRobin(),
}

// membership is the settings of a member as it is told.
func membership(told speech.Told) *sarama.Config {
	settings := settings()
	settings.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{strategies[told.Strategy]}
	settings.Consumer.Group.Session.Timeout = time.Duration(told.SessionMs) * time.Millisecond
	settings.Consumer.Group.Heartbeat.Interval = time.Duration(told.HeartbeatMs) * time.Millisecond
	settings.Consumer.Offsets.Initial = sarama.OffsetOldest
	settings.Consumer.Offsets.AutoCommit.Enable = false
	settings.Consumer.Return.Errors = true
	if told.Instance != nil {
		settings.Consumer.Group.InstanceId = *told.Instance
	}
	return settings
}

// member is a member of a classic group until it is asked to leave.
func member(told speech.Told) {
	take(told, membership(told), told.Topics, handler{commit: told.Commit})
}

// take has a handler work in a group until the program is asked to leave.
func take(told speech.Told, settings *sarama.Config, topics []string, handler sarama.ConsumerGroupHandler) {
	group, err := sarama.NewConsumerGroup([]string{told.Bootstrap}, told.Group, settings)
	speech.Must(err)
	go func() {
		for failure := range group.Errors() {
			speech.Report(withError(speech.Fields{}, failure))
		}
	}()
	working, stop := context.WithCancel(context.Background())
	go func() {
		<-speech.Orders()
		stop()
	}()
	for working.Err() == nil {
		if err := group.Consume(working, topics, handler); err != nil {
			speech.Report(withError(speech.Fields{}, err))
		}
	}
	speech.Must(group.Close())
	speech.Report(speech.Fields{"left": true})
}

// handler is what the library calls in each generation.
type handler struct {
	commit bool
}

func (handler) Setup(session sarama.ConsumerGroupSession) error {
	assigned := [][2]any{}
	for topic, partitions := range maps.All(session.Claims()) {
		for _, partition := range slices.Sorted(slices.Values(partitions)) {
			assigned = append(assigned, [2]any{topic, partition})
		}
	}
	speech.Report(speech.Fields{"assigned": assigned})
	return nil
}

func (handler) Cleanup(sarama.ConsumerGroupSession) error {
	speech.Report(speech.Fields{"assigned": [][2]any{}})
	return nil
}

// ConsumeClaim reads one partition of the generation; the library calls it for each.
func (handler handler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case message, more := <-claim.Messages():
			if !more {
				return nil
			}
			speech.Report(recordFields(message))
			if handler.commit {
				// Errors of the commit arrive where the group's errors do.
				session.MarkMessage(message, "")
				session.Commit()
				place := [3]any{message.Topic, message.Partition, message.Offset + 1}
				speech.Report(speech.Fields{"committed": [][3]any{place}})
			}
		case <-session.Context().Done():
			return nil
		}
	}
}
