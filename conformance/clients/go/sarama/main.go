// sarama: the scenarios' verbs (../../README.md).
package main

import (
	"errors"
	"os"

	"github.com/IBM/sarama"

	"milena/conformance/speech"
)

func main() {
	verbs := map[string]func(speech.Told){
		"produce": produce, "consume": consume, "member": member, "admin": admin, "transact": transact, "copy": copyTopic,
	}
	verbs[os.Args[1]](speech.Parameters())
}

func settings() *sarama.Config {
	settings := sarama.NewConfig()
	settings.Version = sarama.MaxVersion
	return settings
}

// withError adds an error: Kafka's number, nil where the library refused by itself.
func withError(fields speech.Fields, err error) speech.Fields {
	var ofKafka sarama.KError
	fields["code"], fields["error"] = nil, err.Error()
	if errors.As(err, &ofKafka) && ofKafka > 0 {
		fields["code"] = int16(ofKafka)
	}
	return fields
}

func recordFields(message *sarama.ConsumerMessage) speech.Fields {
	headers := [][2]any{}
	for _, header := range message.Headers {
		headers = append(headers, [2]any{string(header.Key), speech.Hex(header.Value)})
	}
	at := message.Timestamp.UnixMilli()
	return speech.RecordFields(message.Partition, message.Offset, at, message.Key, message.Value, headers)
}
