package main

import (
	"sync"
	"time"

	"github.com/IBM/sarama"

	"milena/conformance/speech"
)

func transactional(told speech.Told) (sarama.SyncProducer, error) {
	settings := settings()
	settings.Producer.Idempotent = true
	settings.Producer.RequiredAcks = sarama.WaitForAll
	settings.Producer.Partitioner = sarama.NewManualPartitioner
	settings.Producer.Return.Successes = true
	settings.Producer.Transaction.ID = told.ID
	settings.Producer.Transaction.Timeout = time.Duration(told.TimeoutMs) * time.Millisecond
	settings.Net.MaxOpenRequests = 1
	return sarama.NewSyncProducer([]string{told.Bootstrap}, settings)
}

// transact is a transactional producer that is told its steps one after the other.
func transact(told speech.Told) {
	var producer sarama.SyncProducer
	speech.Steps(func(step speech.Step) (answer any, err error) {
		switch step.Do {
		case "init":
			producer, err = transactional(told)
		case "begin":
			err = producer.BeginTxn()
		case "send":
			messages := []*sarama.ProducerMessage{}
			for index, record := range step.Records {
				messages = append(messages, made(step.Topic, index, record))
			}
			if err = sendAll(producer, messages); err == nil {
				offsets := []int64{}
				for _, message := range messages {
					offsets = append(offsets, message.Offset)
				}
				answer = offsets
			}
		case "offsets":
			offsets := map[string][]*sarama.PartitionOffsetMetadata{}
			for _, each := range step.Offsets {
				topic := each[0].(string)
				place := &sarama.PartitionOffsetMetadata{Partition: int32(each[1].(float64)), Offset: int64(each[2].(float64))}
				offsets[topic] = append(offsets[topic], place)
			}
			err = producer.AddOffsetsToTxn(offsets, step.Group)
		case "commit":
			err = producer.CommitTxn()
		case "abort":
			err = producer.AbortTxn()
		}
		return answer, err
	}, withError)
	if producer != nil {
		producer.Close()
	}
}

// sendAll sends messages and returns the error of the first that failed.
func sendAll(producer sarama.SyncProducer, messages []*sarama.ProducerMessage) error {
	err := producer.SendMessages(messages)
	if failures, several := err.(sarama.ProducerErrors); several {
		return failures[0].Err
	}
	return err
}

// copyTopic copies a topic in transactions that hold records and offsets.
func copyTopic(told speech.Told) {
	producer, err := transactional(told)
	speech.Must(err)
	settings := membership(told)
	settings.Consumer.IsolationLevel = sarama.ReadCommitted
	take(told, settings, []string{told.Source}, &copier{told: told, producer: producer})
	producer.Close()
}

// copier is what the library calls in each generation, for all partitions at a time: one of them has the transaction.
type copier struct {
	mutex        sync.Mutex
	told         speech.Told
	producer     sarama.SyncProducer
	transactions int
}

func (*copier) Setup(sarama.ConsumerGroupSession) error { return nil }

func (*copier) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (copier *copier) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case message, more := <-claim.Messages():
			if !more {
				return nil
			}
			batch := []*sarama.ConsumerMessage{message}
			for len(batch) < copier.told.Batch && len(claim.Messages()) > 0 {
				batch = append(batch, <-claim.Messages())
			}
			// The library cannot read again what it has handed out: what was aborted is copied again.
			for session.Context().Err() == nil && !copier.copy(session, batch) {
			}
		case <-session.Context().Done():
			return nil
		}
	}
}

// copy is one transaction; false when it was aborted.
func (copier *copier) copy(session sarama.ConsumerGroupSession, batch []*sarama.ConsumerMessage) bool {
	copier.mutex.Lock()
	defer copier.mutex.Unlock()
	copier.transactions++
	speech.Must(copier.producer.BeginTxn())
	copies := []*sarama.ProducerMessage{}
	for _, message := range batch {
		copies = append(copies, &sarama.ProducerMessage{
			Topic: copier.told.Target, Partition: message.Partition, Value: sarama.ByteEncoder(message.Value),
		})
	}
	err := sendAll(copier.producer, copies)
	if err == nil {
		group := sarama.NewConsumerGroupMetadataFromSession(session, copier.told.Group, nil)
		err = copier.producer.AddMessageToTxnWithGroupMetadata(batch[len(batch)-1], group, nil)
	}
	if copier.transactions == copier.told.Hang {
		// The library sends offsets when it ends a transaction, not before.
		speech.Report(speech.Fields{"open": len(batch)})
		select {}
	}
	if err == nil && (copier.told.Abort == 0 || copier.transactions%copier.told.Abort != 0) {
		err = copier.producer.CommitTxn()
		if err == nil {
			speech.Report(speech.Fields{"copied": len(batch)})
			return true
		}
	}
	if err != nil {
		speech.Report(withError(speech.Fields{}, err))
	}
	speech.Must(copier.producer.AbortTxn())
	speech.Report(speech.Fields{"aborted": len(batch)})
	return false
}
