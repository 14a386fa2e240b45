package main

import (
	"sync"

	"github.com/IBM/sarama"

	"milena/conformance/speech"
)

var isolations = map[string]sarama.IsolationLevel{
	"read_committed":   sarama.ReadCommitted,
	"read_uncommitted": sarama.ReadUncommitted,
}

// consume reads partitions without a group.
func consume(told speech.Told) {
	for number, run := range told.Runs {
		settings := settings()
		settings.Consumer.Return.Errors = true
		settings.Consumer.IsolationLevel = isolations[run.Isolation]
		client, err := sarama.NewClient([]string{told.Bootstrap}, settings)
		speech.Must(err)
		if err := read(client, number, run); err != nil {
			speech.Report(withError(speech.Fields{"run": number}, err))
		}
	}
}

func read(client sarama.Client, number int, run speech.Run) error {
	consumer, err := sarama.NewConsumerFromClient(client)
	speech.Must(err)
	records := make(chan *sarama.ConsumerMessage)
	failures := make(chan error)
	done := make(chan struct{})
	var readers sync.WaitGroup
	defer func() {
		close(done)
		readers.Wait()
	}()
	for _, partition := range run.Partitions {
		start, err := start(client, run, partition)
		if err != nil {
			return err
		}
		reader, err := consumer.ConsumePartition(run.Topic, partition, start)
		if err != nil {
			return err
		}
		readers.Go(func() { pass(reader, records, failures, done) })
	}
	speech.Report(speech.Fields{"run": number, "positioned": true})
	for range run.Count {
		select {
		case err := <-failures:
			return err
		case record := <-records:
			fields := recordFields(record)
			fields["run"] = number
			speech.Report(fields)
		}
	}
	return nil
}

// pass hands on what one partition yields until all is done.
func pass(reader sarama.PartitionConsumer, records chan<- *sarama.ConsumerMessage, failures chan<- error, done <-chan struct{}) {
	defer reader.Close()
	for {
		select {
		case record := <-reader.Messages():
			select {
			case records <- record:
			case <-done:
				return
			}
		case failure := <-reader.Errors():
			select {
			case failures <- failure:
			case <-done:
			}
			return
		case <-done:
			return
		}
	}
}

func start(client sarama.Client, run speech.Run, partition int32) (int64, error) {
	word, offset, time := run.Start()
	switch {
	case word == "beginning":
		return client.GetOffset(run.Topic, partition, sarama.OffsetOldest)
	case word == "end":
		return client.GetOffset(run.Topic, partition, sarama.OffsetNewest)
	case time != nil:
		return client.GetOffset(run.Topic, partition, *time)
	default:
		return *offset, nil
	}
}
