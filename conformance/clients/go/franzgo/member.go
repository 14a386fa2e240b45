package main

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"milena/conformance/speech"
)

var strategies = map[string]kgo.GroupBalancer{
	"range":       kgo.RangeBalancer(),
	"roundrobin":  kgo.RoundRobinBalancer(),
	"cooperative": kgo.CooperativeStickyBalancer(),
	// Names the assignor of the server, beside ServerSideBalancer.
	"server": kgo.StickyBalancer(),
}

// owned is what a member has now, by topic.
type owned struct {
	mutex      sync.Mutex
	partitions map[string]map[int32]bool
	report     func(speech.Fields)
}

func (owned *owned) gained(_ context.Context, _ *kgo.Client, places map[string][]int32) {
	owned.change(places, func(topic string, partition int32) {
		if owned.partitions[topic] == nil {
			owned.partitions[topic] = map[int32]bool{}
		}
		owned.partitions[topic][partition] = true
	})
}

func (owned *owned) gone(_ context.Context, _ *kgo.Client, places map[string][]int32) {
	owned.change(places, func(topic string, partition int32) { delete(owned.partitions[topic], partition) })
}

// change reports all that is owned after a change.
func (owned *owned) change(places map[string][]int32, each func(string, int32)) {
	owned.mutex.Lock()
	defer owned.mutex.Unlock()
	for topic, partitions := range places {
		for _, partition := range partitions {
			each(topic, partition)
		}
	}
	assigned := [][2]any{}
	for topic, partitions := range owned.partitions {
		for _, partition := range slices.Sorted(maps.Keys(partitions)) {
			assigned = append(assigned, [2]any{topic, partition})
		}
	}
	owned.report(speech.Fields{"assigned": assigned})
}

// membership is the options of a client that is a member as it is told.
func membership(told speech.Told) []kgo.Opt {
	options := []kgo.Opt{
		kgo.ConsumerGroup(told.Group),
		kgo.Balancers(strategies[told.Strategy]),
		kgo.SessionTimeout(time.Duration(told.SessionMs) * time.Millisecond),
		kgo.HeartbeatInterval(time.Duration(told.HeartbeatMs) * time.Millisecond),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
	}
	if told.Strategy == "server" {
		options = append(options, kgo.ServerSideBalancer())
	}
	if told.Instance != nil {
		options = append(options, kgo.InstanceID(*told.Instance))
	}
	return options
}

// member is a member of a group, of whichever protocol, until it is asked to leave.
func member(told speech.Told) {
	owned := &owned{partitions: map[string]map[int32]bool{}, report: speech.Report}
	consumer := client(told, append(membership(told),
		kgo.ConsumeTopics(told.Topics...),
		kgo.OnPartitionsAssigned(owned.gained),
		kgo.OnPartitionsRevoked(owned.gone),
		kgo.OnPartitionsLost(owned.gone))...)
	polling, stop := stoppedBy(speech.Orders())
	defer stop()
	for polling.Err() == nil {
		work(consumer, consumer.PollRecords(polling, 500), told.Commit)
		consumer.AllowRebalance()
	}
	consumer.CloseAllowingRebalance()
	speech.Report(speech.Fields{"left": true})
}

// stoppedBy is a context that ends when the program is asked to leave.
func stoppedBy(asked <-chan struct{}) (context.Context, context.CancelFunc) {
	polling, stop := context.WithCancel(background)
	go func() {
		<-asked
		stop()
	}()
	return polling, stop
}

func work(consumer *kgo.Client, fetches kgo.Fetches, wanted bool) {
	fetches.EachError(func(_ string, _ int32, err error) {
		if err != context.Canceled {
			speech.Report(withError(speech.Fields{}, err))
		}
	})
	fetches.EachRecord(func(record *kgo.Record) { speech.Report(recordFields(record)) })
	if wanted && !fetches.Empty() {
		commit(consumer, fetches, speech.Report)
	}
}

// commit commits all that was fetched and reports it once the broker has acknowledged it.
func commit(consumer *kgo.Client, fetches kgo.Fetches, report func(speech.Fields)) {
	if err := consumer.CommitRecords(background, fetches.Records()...); err != nil {
		report(withError(speech.Fields{}, err))
		return
	}
	committed := [][3]any{}
	fetches.EachPartition(func(read kgo.FetchTopicPartition) {
		if len(read.Records) > 0 {
			end := read.Records[len(read.Records)-1].Offset + 1
			committed = append(committed, [3]any{read.Topic, read.Partition, end})
		}
	})
	report(speech.Fields{"committed": committed})
}
