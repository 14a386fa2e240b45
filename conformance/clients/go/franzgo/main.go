// franz-go: the scenarios' verbs (../../README.md).
package main

import (
	"context"
	"errors"
	"os"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"milena/conformance/speech"
)

var background = context.Background()

func main() {
	verbs := map[string]func(speech.Told){
		"produce": produce, "consume": consume, "member": member, "fleet": fleet, "admin": admin,
		"transact": transact, "copy": copyTopic,
	}
	verbs[os.Args[1]](speech.Parameters())
}

func client(told speech.Told, options ...kgo.Opt) *kgo.Client {
	made, err := kgo.NewClient(append(options, kgo.SeedBrokers(told.Bootstrap))...)
	speech.Must(err)
	return made
}

// withError adds an error: Kafka's number, nil where the library refused by itself.
func withError(fields speech.Fields, err error) speech.Fields {
	var ofKafka *kerr.Error
	fields["code"], fields["error"] = nil, err.Error()
	if errors.As(err, &ofKafka) {
		fields["code"] = ofKafka.Code
	}
	return fields
}

func recordFields(record *kgo.Record) speech.Fields {
	headers := [][2]any{}
	for _, header := range record.Headers {
		headers = append(headers, [2]any{header.Key, speech.Hex(header.Value)})
	}
	at := record.Timestamp.UnixMilli()
	return speech.RecordFields(record.Partition, record.Offset, at, record.Key, record.Value, headers)
}
