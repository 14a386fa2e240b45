package main

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"milena/conformance/speech"
)

func transactional(told speech.Told) []kgo.Opt {
	return []kgo.Opt{
		kgo.TransactionalID(told.ID),
		kgo.TransactionTimeout(time.Duration(told.TimeoutMs) * time.Millisecond),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	}
}

// transact is a transactional producer that is told its steps one after the other.
func transact(told speech.Told) {
	producer := client(told, transactional(told)...)
	defer producer.Close()
	speech.Steps(func(step speech.Step) (any, error) {
		switch step.Do {
		case "init":
			_, _, err := producer.ProducerID(background)
			return nil, err
		case "begin":
			return nil, producer.BeginTransaction()
		case "send":
			records := []*kgo.Record{}
			for _, record := range step.Records {
				records = append(records, made(step.Topic, record))
			}
			if err := producer.ProduceSync(background, records...).FirstErr(); err != nil {
				return nil, err
			}
			offsets := []int64{}
			for _, record := range records {
				offsets = append(offsets, record.Offset)
			}
			return offsets, nil
		case "commit":
			return nil, producer.EndTransaction(background, kgo.TryCommit)
		case "abort":
			return nil, producer.EndTransaction(background, kgo.TryAbort)
		}
		panic(step.Do)
	}, withError)
}

// copyTopic copies a topic in transactions that hold records and offsets.
func copyTopic(told speech.Told) {
	options := append(membership(told), transactional(told)...)
	options = append(options, kgo.SeedBrokers(told.Bootstrap), kgo.ConsumeTopics(told.Source),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.RequireStableFetchOffsets())
	session, err := kgo.NewGroupTransactSession(options...)
	speech.Must(err)
	polling, stop := stoppedBy(speech.Orders())
	defer stop()
	for transactions := 1; polling.Err() == nil; {
		fetches := session.PollRecords(polling, told.Batch)
		if fetches.NumRecords() > 0 {
			copied(session, told, transactions, fetches.Records())
			transactions++
		}
		session.AllowRebalance()
	}
	session.CloseAllowingRebalance()
	speech.Report(speech.Fields{"left": true})
}

func copied(session *kgo.GroupTransactSession, told speech.Told, transaction int, records []*kgo.Record) {
	speech.Must(session.Begin())
	copies := []*kgo.Record{}
	for _, record := range records {
		copies = append(copies, &kgo.Record{Topic: told.Target, Partition: record.Partition, Value: record.Value})
	}
	try := kgo.TryCommit
	if err := session.ProduceSync(background, copies...).FirstErr(); err != nil {
		speech.Report(withError(speech.Fields{}, err))
		try = kgo.TryAbort
	}
	if transaction == told.Hang {
		// The library sends offsets when it ends a transaction, not before.
		speech.Report(speech.Fields{"open": len(records)})
		<-context.Background().Done()
	}
	if told.Abort > 0 && transaction%told.Abort == 0 {
		try = kgo.TryAbort
	}
	committed, err := session.End(background, try)
	speech.Must(err)
	if committed {
		speech.Report(speech.Fields{"copied": len(records)})
	} else {
		speech.Report(speech.Fields{"aborted": len(records)})
	}
}
