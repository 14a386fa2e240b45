// Package speech is how the Go programs speak: parameters in, reports out, as ../../README.md says.
package speech

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"sync"
)

// Run is one run of produce or consume.
type Run struct {
	Topic      string          `json:"topic"`
	Codec      string          `json:"codec"`
	Acks       string          `json:"acks"`
	Idempotent bool            `json:"idempotent"`
	Largest    int32           `json:"largest"`
	Records    []Record        `json:"records"`
	Values     string          `json:"values"`
	Partitions []int32         `json:"partitions"`
	From       json.RawMessage `json:"from"`
	Isolation  string          `json:"isolation"`
	Count      int             `json:"count"`
}

// Record is a record to send.
type Record struct {
	Partition int32        `json:"partition"`
	Key       *string      `json:"key"`
	Value     *string      `json:"value"`
	Headers   [][2]*string `json:"headers"`
	Timestamp *int64       `json:"timestamp"`
}

// Step is one step of admin or transact.
type Step struct {
	Do         string             `json:"do"`
	Topic      string             `json:"topic"`
	Group      string             `json:"group"`
	Partitions int32              `json:"partitions"`
	Partition  int32              `json:"partition"`
	Total      int                `json:"total"`
	Offset     int64              `json:"offset"`
	Before     int64              `json:"before"`
	At         json.RawMessage    `json:"at"`
	Configs    map[string]*string `json:"configs"`
	Set        map[string]*string `json:"set"`
	Keys       []string           `json:"keys"`
	Isolation  string             `json:"isolation"`
	Records    []Record           `json:"records"`
	Offsets    [][3]any           `json:"offsets"`
}

// Told is all that a program may be told.
type Told struct {
	Bootstrap   string   `json:"bootstrap"`
	Runs        []Run    `json:"runs"`
	Steps       []Step   `json:"steps"`
	Group       string   `json:"group"`
	Groups      []string `json:"groups"`
	Members     int      `json:"members"`
	Topics      []string `json:"topics"`
	Strategy    string   `json:"strategy"`
	Instance    *string  `json:"instance"`
	SessionMs   int      `json:"session_ms"`
	HeartbeatMs int      `json:"heartbeat_ms"`
	Commit      bool     `json:"commit"`
	ID          string   `json:"id"`
	TimeoutMs   int      `json:"timeout_ms"`
	Source      string   `json:"source"`
	Target      string   `json:"target"`
	Batch       int      `json:"batch"`
	Abort       int      `json:"abort"`
	Hang        int      `json:"hang"`
}

// Fields of a report.
type Fields map[string]any

var (
	input  = bufio.NewReaderSize(os.Stdin, 1<<20)
	output sync.Mutex
)

// Parameters reads what the program is told.
func Parameters() Told {
	line, err := input.ReadBytes('\n')
	Must(err)
	var told Told
	Must(json.Unmarshal(line, &told))
	return told
}

// Must ends the program when something that cannot fail does.
func Must(err error) {
	if err != nil {
		panic(err)
	}
}

// Report writes one report.
func Report(fields Fields) {
	line, err := json.Marshal(fields)
	Must(err)
	output.Lock()
	defer output.Unlock()
	_, err = os.Stdout.Write(append(line, '\n'))
	Must(err)
}

// Orders is closed when the program is asked to leave.
func Orders() <-chan struct{} {
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		for {
			line, err := input.ReadString('\n')
			if err != nil || line == "leave\n" {
				return
			}
		}
	}()
	return asked
}

// Steps carries out the steps that are told one after the other, and reports their answers.
func Steps(carryOut func(Step) (any, error), withError func(Fields, error) Fields) {
	for number := 0; ; number++ {
		line, err := input.ReadString('\n')
		if err != nil || line == "leave\n" {
			return
		}
		var step Step
		Must(json.Unmarshal([]byte(line), &step))
		fields := Fields{"step": number}
		if answer, err := carryOut(step); err != nil {
			fields = withError(fields, err)
		} else {
			fields["answer"] = answer
		}
		Report(fields)
	}
}

// Bytes that a hexadecimal text stands for.
func Bytes(text *string) []byte {
	if text == nil {
		return nil
	}
	value, err := hex.DecodeString(*text)
	Must(err)
	return value
}

// Hex is the text of bytes.
func Hex(value []byte) *string {
	if value == nil {
		return nil
	}
	text := hex.EncodeToString(value)
	return &text
}

// RecordFields is the report of a record that was read; headers are pairs of name and Hex.
func RecordFields(partition int32, offset, timestamp int64, key, value []byte, headers [][2]any) Fields {
	fields := Fields{"partition": partition, "offset": offset, "timestamp": timestamp, "key": Hex(key), "headers": headers}
	fields["value"], fields["size"] = nil, -1
	if value != nil {
		digest := sha256.Sum256(value)
		fields["value"], fields["size"] = hex.EncodeToString(digest[:]), len(value)
	}
	return fields
}

// Values calls with each value of a file of values.
func Values(path string, each func(value []byte)) {
	file, err := os.Open(path)
	Must(err)
	defer file.Close()
	reader := bufio.NewReaderSize(file, 1<<20)
	for {
		var length int32
		if err := binary.Read(reader, binary.BigEndian, &length); err == io.EOF {
			return
		} else {
			Must(err)
		}
		value := make([]byte, length)
		_, err := io.ReadFull(reader, value)
		Must(err)
		each(value)
	}
}

// Start is where a run starts to read: "beginning" or "end", or an offset, or a time.
func (run Run) Start() (word string, offset, time *int64) {
	if json.Unmarshal(run.From, &word) == nil {
		return word, nil, nil
	}
	var place struct {
		Offset *int64 `json:"offset"`
		Time   *int64 `json:"time"`
	}
	Must(json.Unmarshal(run.From, &place))
	return "", place.Offset, place.Time
}

// When is the place of list_offset: "earliest" or "latest", or a time.
func (step Step) When() (word string, time int64) {
	if json.Unmarshal(step.At, &word) != nil {
		Must(json.Unmarshal(step.At, &time))
	}
	return word, time
}
