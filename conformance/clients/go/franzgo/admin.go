package main

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"

	"milena/conformance/speech"
)

func admin(told speech.Told) {
	asking := client(told)
	defer asking.Close()
	for number, step := range told.Steps {
		answer, err := steps[step.Do](kadm.NewClient(asking), step)
		fields := speech.Fields{"step": number, "answer": answer}
		if err != nil {
			fields = withError(speech.Fields{"step": number}, err)
		}
		speech.Report(fields)
	}
}

var steps = map[string]func(*kadm.Client, speech.Step) (any, error){
	"create_topic":      createTopic,
	"create_partitions": createPartitions,
	"delete_topic":      deleteTopic,
	"list_topics":       listTopics,
	"describe_topic":    describeTopic,
	"alter_config":      alterConfig,
	"describe_config":   describeConfig,
	"list_offset":       listOffset,
	"delete_records":    deleteRecords,
	"commit_offset":     commitOffset,
	"group_offsets":     groupOffsets,
	"list_groups":       listGroups,
	"describe_group":    describeGroup,
	"delete_group":      deleteGroup,
	"delete_offset":     deleteOffset,
	"cluster":           cluster,
}

func createTopic(client *kadm.Client, step speech.Step) (any, error) {
	_, err := client.CreateTopic(background, step.Partitions, 1, step.Configs, step.Topic)
	return nil, err
}

func createPartitions(client *kadm.Client, step speech.Step) (any, error) {
	answers, err := client.UpdatePartitions(background, step.Total, step.Topic)
	if err == nil {
		err = answers.Error()
	}
	return nil, err
}

func deleteTopic(client *kadm.Client, step speech.Step) (any, error) {
	_, err := client.DeleteTopic(background, step.Topic)
	return nil, err
}

func listTopics(client *kadm.Client, step speech.Step) (any, error) {
	topics, err := client.ListTopics(background)
	return append([]string{}, topics.Names()...), err
}

func describeTopic(client *kadm.Client, step speech.Step) (any, error) {
	topics, err := client.ListTopics(background, step.Topic)
	if err == nil {
		err = topics.Error()
	}
	if err != nil {
		return nil, err
	}
	partitions := topics[step.Topic].Partitions.Sorted()
	leaders := []int32{}
	for _, partition := range partitions {
		leaders = append(leaders, partition.Leader)
	}
	slices.Sort(leaders)
	answer := speech.Fields{"partitions": len(partitions), "leaders": slices.Compact(leaders)}
	answer["replicas"] = partitions[0].Replicas
	return answer, nil
}

func alterConfig(client *kadm.Client, step speech.Step) (any, error) {
	var changes []kadm.AlterConfig
	for name, value := range step.Set {
		changes = append(changes, kadm.AlterConfig{Op: kadm.SetConfig, Name: name, Value: value})
	}
	answers, err := client.AlterTopicConfigs(background, changes, step.Topic)
	if err == nil {
		err = answers[0].Err
	}
	return nil, err
}

func describeConfig(client *kadm.Client, step speech.Step) (any, error) {
	found, err := client.DescribeTopicConfigs(background, step.Topic)
	if err == nil {
		err = found[0].Err
	}
	if err != nil {
		return nil, err
	}
	values := map[string]*string{}
	for _, config := range found[0].Configs {
		if slices.Contains(step.Keys, config.Key) {
			values[config.Key] = config.Value
		}
	}
	return values, nil
}

func listOffset(client *kadm.Client, step speech.Step) (any, error) {
	word, time := step.When()
	var listed kadm.ListedOffsets
	var err error
	switch {
	case word == "earliest":
		listed, err = client.ListStartOffsets(background, step.Topic)
	case word == "latest" && step.Isolation == "read_committed":
		listed, err = client.ListCommittedOffsets(background, step.Topic)
	case word == "latest":
		listed, err = client.ListEndOffsets(background, step.Topic)
	default:
		listed, err = client.ListOffsetsAfterMilli(background, time, step.Topic)
	}
	if err == nil {
		err = listed.Error()
	}
	found, _ := listed.Lookup(step.Topic, step.Partition)
	if word == "" && found.Timestamp == -1 {
		// The library answers with the end offset where no record is that late.
		return -1, err
	}
	return found.Offset, err
}

func deleteRecords(client *kadm.Client, step speech.Step) (any, error) {
	before := kadm.Offsets{}
	before.AddOffset(step.Topic, step.Partition, step.Before, -1)
	answers, err := client.DeleteRecords(background, before)
	if err != nil {
		return nil, err
	}
	answer, _ := answers.Lookup(step.Topic, step.Partition)
	return answer.LowWatermark, answer.Err
}

func commitOffset(client *kadm.Client, step speech.Step) (any, error) {
	offsets := kadm.Offsets{}
	offsets.AddOffset(step.Topic, step.Partition, step.Offset, -1)
	return nil, client.CommitAllOffsets(background, step.Group, offsets)
}

func groupOffsets(client *kadm.Client, step speech.Step) (any, error) {
	found, err := client.FetchOffsets(background, step.Group)
	if err == nil {
		err = found.Error()
	}
	answer := [][3]any{}
	for _, offset := range found.Sorted() {
		answer = append(answer, [3]any{offset.Topic, offset.Partition, offset.At})
	}
	return answer, err
}

func listGroups(client *kadm.Client, step speech.Step) (any, error) {
	found, err := client.ListGroups(background)
	return append([]string{}, found.Groups()...), err
}

func describeGroup(client *kadm.Client, step speech.Step) (any, error) {
	found, err := client.DescribeGroups(background, step.Group)
	if err == nil {
		err = found.Error()
	}
	group := found[step.Group]
	return speech.Fields{"state": group.State, "members": len(group.Members)}, err
}

func deleteGroup(client *kadm.Client, step speech.Step) (any, error) {
	_, err := client.DeleteGroup(background, step.Group)
	return nil, err
}

func deleteOffset(client *kadm.Client, step speech.Step) (any, error) {
	answers, err := client.DeleteOffsets(background, step.Group, kadm.TopicsSet{step.Topic: {step.Partition: {}}})
	if err == nil {
		err = answers.Error()
	}
	return nil, err
}

func cluster(client *kadm.Client, step speech.Step) (any, error) {
	found, err := client.BrokerMetadata(background)
	brokers := [][2]any{}
	for _, broker := range found.Brokers {
		brokers = append(brokers, [2]any{broker.NodeID, broker.Port})
	}
	return speech.Fields{"brokers": brokers, "controller": found.Controller, "id": found.Cluster}, err
}
