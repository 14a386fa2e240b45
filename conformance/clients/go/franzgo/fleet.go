package main

import (
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"milena/conformance/speech"
)

// fleet runs many members in one process until it is asked to leave: `groups` groups of `members` members each.
//
// Reports name the group and the member. What was read is told as runs of offsets, `{group, partition, first, last}`, and
// commits as `{group, committed: [[topic, partition, offset]]}` once the broker has acknowledged them.
func fleet(told speech.Told) {
	asked := speech.Orders()
	var members sync.WaitGroup
	for _, group := range told.Groups {
		for number := range told.Members {
			members.Go(func() { inFleet(told, group, number, asked) })
		}
	}
	members.Wait()
	speech.Report(speech.Fields{"left": true})
}

func inFleet(told speech.Told, group string, number int, asked <-chan struct{}) {
	report := func(fields speech.Fields) {
		fields["group"], fields["member"] = group, number
		speech.Report(fields)
	}
	owned := &owned{partitions: map[string]map[int32]bool{}, report: report}
	consumer := client(told,
		kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(told.Topics...),
		kgo.Balancers(kgo.RangeBalancer()),
		kgo.SessionTimeout(time.Duration(told.SessionMs)*time.Millisecond),
		kgo.HeartbeatInterval(time.Duration(told.HeartbeatMs)*time.Millisecond),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(owned.gained),
		kgo.OnPartitionsRevoked(owned.gone),
		kgo.OnPartitionsLost(owned.gone),
	)
	polling, stop := stoppedBy(asked)
	defer stop()
	for polling.Err() == nil {
		fetches := consumer.PollRecords(polling, 500)
		fetches.EachPartition(func(partition kgo.FetchTopicPartition) { tellOffsets(report, partition) })
		if !fetches.Empty() {
			commit(consumer, fetches, report)
		}
		consumer.AllowRebalance()
	}
	consumer.CloseAllowingRebalance()
}

// tellOffsets reports what was read of a partition as runs without a gap.
func tellOffsets(report func(speech.Fields), read kgo.FetchTopicPartition) {
	for at := 0; at < len(read.Records); {
		first := read.Records[at].Offset
		last := first
		for at++; at < len(read.Records) && read.Records[at].Offset == last+1; at++ {
			last++
		}
		report(speech.Fields{"partition": read.Partition, "first": first, "last": last})
	}
}
