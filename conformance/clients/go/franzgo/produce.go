package main

import (
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"milena/conformance/speech"
)

var codecs = map[string]kgo.CompressionCodec{
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

var acks = map[string]kgo.Acks{"0": kgo.NoAck(), "1": kgo.LeaderAck(), "all": kgo.AllISRAcks()}

// produce sends each run with a producer of its own.
func produce(told speech.Told) {
	for number, run := range told.Runs {
		options := []kgo.Opt{
			kgo.ProducerBatchCompression(codecs[run.Codec]),
			kgo.RequiredAcks(acks[run.Acks]),
			kgo.RecordPartitioner(kgo.ManualPartitioner()),
			kgo.RecordRetries(20),
		}
		if !run.Idempotent {
			options = append(options, kgo.DisableIdempotentWrite())
		}
		if run.Largest > 0 {
			options = append(options, kgo.ProducerBatchMaxBytes(run.Largest))
		}
		send(client(told, options...), number, run)
	}
}

func send(producer *kgo.Client, number int, run speech.Run) {
	defer producer.Close()
	var done atomic.Int64
	promise := func(index int, each bool) func(*kgo.Record, error) {
		return func(record *kgo.Record, err error) {
			if err != nil {
				speech.Report(withError(speech.Fields{"run": number, "failed": index}, err))
				return
			}
			done.Add(1)
			if each {
				place := speech.Fields{"run": number, "produced": index}
				place["partition"], place["offset"] = record.Partition, record.Offset
				speech.Report(place)
			}
		}
	}
	if run.Values != "" {
		speech.Values(run.Values, func(value []byte) {
			producer.Produce(background, &kgo.Record{Topic: run.Topic, Value: value}, promise(0, false))
		})
	}
	for index, record := range run.Records {
		producer.Produce(background, made(run.Topic, record), promise(index, true))
	}
	speech.Must(producer.Flush(background))
	speech.Report(speech.Fields{"run": number, "done": done.Load()})
}

func made(topic string, record speech.Record) *kgo.Record {
	made := &kgo.Record{Topic: topic, Partition: record.Partition}
	made.Key, made.Value = speech.Bytes(record.Key), speech.Bytes(record.Value)
	for _, header := range record.Headers {
		made.Headers = append(made.Headers, kgo.RecordHeader{Key: *header[0], Value: speech.Bytes(header[1])})
	}
	if record.Timestamp != nil {
		made.Timestamp = time.UnixMilli(*record.Timestamp)
	}
	return made
}
