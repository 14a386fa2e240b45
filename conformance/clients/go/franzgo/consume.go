package main

import (
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"milena/conformance/speech"
)

var isolations = map[string]kgo.IsolationLevel{
	"read_committed":   kgo.ReadCommitted(),
	"read_uncommitted": kgo.ReadUncommitted(),
}

// consume reads partitions without a group.
func consume(told speech.Told) {
	for number, run := range told.Runs {
		if err := read(told, number, run); err != nil {
			speech.Report(withError(speech.Fields{"run": number}, err))
		}
	}
}

func read(told speech.Told, number int, run speech.Run) error {
	places, err := positions(told, run)
	if err != nil {
		return err
	}
	consumer := client(told, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{run.Topic: places}),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()), kgo.FetchIsolationLevel(isolations[run.Isolation]))
	defer consumer.Close()
	speech.Report(speech.Fields{"run": number, "positioned": true})
	for left := run.Count; left > 0; {
		fetches := consumer.PollFetches(background)
		if err := fetches.Err(); err != nil {
			return err
		}
		fetches.EachRecord(func(record *kgo.Record) {
			if left > 0 {
				left--
				fields := recordFields(record)
				fields["run"] = number
				speech.Report(fields)
			}
		})
	}
	return nil
}

// positions is where to read each partition from, as the broker tells it before the reading starts.
func positions(told speech.Told, run speech.Run) (map[int32]kgo.Offset, error) {
	asking := client(told)
	defer asking.Close()
	word, offset, time := run.Start()
	var listed kadm.ListedOffsets
	var err error
	switch {
	case word == "beginning":
		listed, err = kadm.NewClient(asking).ListStartOffsets(background, run.Topic)
	case word == "end":
		listed, err = kadm.NewClient(asking).ListEndOffsets(background, run.Topic)
	case time != nil:
		listed, err = kadm.NewClient(asking).ListOffsetsAfterMilli(background, *time, run.Topic)
	}
	if err == nil {
		err = listed.Error()
	}
	places := map[int32]kgo.Offset{}
	for _, partition := range run.Partitions {
		at := offset
		if at == nil {
			found, _ := listed.Lookup(run.Topic, partition)
			at = &found.Offset
		}
		places[partition] = kgo.NewOffset().At(*at)
	}
	return places, err
}
