package main

import (
	"sync"
	"time"

	"github.com/IBM/sarama"

	"milena/conformance/speech"
)

var codecs = map[string]sarama.CompressionCodec{
	"none":   sarama.CompressionNone,
	"gzip":   sarama.CompressionGZIP,
	"snappy": sarama.CompressionSnappy,
	"lz4":    sarama.CompressionLZ4,
	"zstd":   sarama.CompressionZSTD,
}

var acks = map[string]sarama.RequiredAcks{"0": sarama.NoResponse, "1": sarama.WaitForLocal, "all": sarama.WaitForAll}

// produce sends each run with a producer of its own.
func produce(told speech.Told) {
	for number, run := range told.Runs {
		settings := settings()
		settings.Producer.Compression = codecs[run.Codec]
		settings.Producer.RequiredAcks = acks[run.Acks]
		settings.Producer.Partitioner = sarama.NewManualPartitioner
		settings.Producer.Return.Successes = true
		settings.Net.MaxOpenRequests = 1
		settings.Producer.Idempotent = run.Idempotent
		if run.Largest > 0 {
			settings.Producer.MaxMessageBytes = int(run.Largest)
		}
		producer, err := sarama.NewAsyncProducer([]string{told.Bootstrap}, settings)
		speech.Must(err)
		send(producer, number, run)
	}
}

func send(producer sarama.AsyncProducer, number int, run speech.Run) {
	var told sync.WaitGroup
	done := 0
	told.Go(func() {
		for message := range producer.Successes() {
			done++
			if run.Values == "" {
				place := speech.Fields{"run": number, "produced": message.Metadata}
				place["partition"], place["offset"] = message.Partition, message.Offset
				speech.Report(place)
			}
		}
	})
	told.Go(func() {
		for failure := range producer.Errors() {
			speech.Report(withError(speech.Fields{"run": number, "failed": failure.Msg.Metadata}, failure.Err))
		}
	})
	if run.Values != "" {
		speech.Values(run.Values, func(value []byte) {
			producer.Input() <- &sarama.ProducerMessage{Topic: run.Topic, Value: sarama.ByteEncoder(value), Metadata: 0}
		})
	}
	for index, record := range run.Records {
		producer.Input() <- made(run.Topic, index, record)
	}
	producer.AsyncClose()
	told.Wait()
	speech.Report(speech.Fields{"run": number, "done": done})
}

func made(topic string, index int, record speech.Record) *sarama.ProducerMessage {
	made := &sarama.ProducerMessage{Topic: topic, Partition: record.Partition, Metadata: index}
	// A nil encoder stands for null, which an encoder of nil bytes does not.
	if record.Key != nil {
		made.Key = sarama.ByteEncoder(speech.Bytes(record.Key))
	}
	if record.Value != nil {
		made.Value = sarama.ByteEncoder(speech.Bytes(record.Value))
	}
	for _, header := range record.Headers {
		made.Headers = append(made.Headers, sarama.RecordHeader{Key: []byte(*header[0]), Value: speech.Bytes(header[1])})
	}
	if record.Timestamp != nil {
		made.Timestamp = time.UnixMilli(*record.Timestamp)
	}
	return made
}
