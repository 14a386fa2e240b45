package main

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/IBM/sarama"

	"milena/conformance/speech"
)

func admin(told speech.Told) {
	client, err := sarama.NewClusterAdmin([]string{told.Bootstrap}, settings())
	speech.Must(err)
	defer client.Close()
	for number, step := range told.Steps {
		answer, err := steps[step.Do](client, step)
		fields := speech.Fields{"step": number, "answer": answer}
		if err != nil {
			fields = withError(speech.Fields{"step": number}, err)
		}
		speech.Report(fields)
	}
}

var steps = map[string]func(sarama.ClusterAdmin, speech.Step) (any, error){
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

func createTopic(client sarama.ClusterAdmin, step speech.Step) (any, error) {
	detail := &sarama.TopicDetail{NumPartitions: step.Partitions, ReplicationFactor: 1, ConfigEntries: step.Configs}
	return nil, client.CreateTopic(step.Topic, detail, false)
}

func createPartitions(client sarama.ClusterAdmin, step speech.Step) (any, error) {
	return nil, client.CreatePartitions(step.Topic, int32(step.Total), nil, false)
}

func deleteTopic(client sarama.ClusterAdmin, step speech.Step) (any, error) {
	return nil, client.DeleteTopic(step.Topic)
}

func listTopics(client sarama.ClusterAdmin, step speech.Step) (any, error) {
	topics, err := client.ListTopics()
	return append([]string{}, slices.Sorted(maps.Keys(topics))...), err
}

func describeTopic(client sarama.ClusterAdmin, step speech.Step) (any, error) {
	found, err := client.DescribeTopics([]string{step.Topic})
	if err != nil {
		return nil, err
	}
	if found[0].Err != sarama.ErrNoError {
		return nil, found[0].Err
	}
	leaders := []int32{}
	for _, partition := range found[0].Partitions {
		leaders = append(leaders, partition.Leader)
	}
	slices.Sort(leaders)
	answer := speech.Fields{"partitions": len(found[0].Partitions), "leaders": slices.Compact(leaders)}
	answer["replicas"] = found[0].Partitions[0].Replicas
	return answer, nil
}

func alterConfig(client sarama.ClusterAdmin, step speech.Step) (any, error) {
	entries := map[string]sarama.IncrementalAlterConfigsEntry{}
	for name, value := range step.Set {
		entries[name] = sarama.IncrementalAlterConfigsEntry{Operation: sarama.IncrementalAlterConfigsOperationSet, Value: value}
	}
	return nil, client.IncrementalAlterConfig(sarama.TopicResource, step.Topic, entries, false)
}

func describeConfig(client sarama.ClusterAdmin, step speech.Step) (any, error) {
	resource := sarama.ConfigResource{Type: sarama.TopicResource, Name: step.Topic, ConfigNames: step.Keys}
	entries, err := client.DescribeConfig(resource)
	values := map[string]string{}
	for _, entry := range entries {
		values[entry.Name] = entry.Value
	}
	return values, err
}

func listOffset(client sarama.ClusterAdmin, step speech.Step) (any, error) {
	word, time := step.When()
	switch word {
	case "earliest":
		time = sarama.OffsetOldest
	case "latest":
		time = sarama.OffsetNewest
	}
	options := &sarama.ListOffsetsOptions{IsolationLevel: isolations[step.Isolation]}
	found, err := client.ListOffsets(map[string]map[int32]int64{step.Topic: {step.Partition: time}}, options)
	if err != nil {
		return nil, err
	}
	answer := found[step.Topic][step.Partition]
	if answer.Err == sarama.ErrNoError {
		return answer.Offset, nil
	}
	return answer.Offset, answer.Err
}

// deleteRecords asks for the first offset afterwards: the library does not tell what was answered.
func deleteRecords(client sarama.ClusterAdmin, step speech.Step) (any, error) {
	err := client.DeleteRecords(step.Topic, map[int32]int64{step.Partition: step.Before})
	if err != nil {
		return nil, err
	}
	step.At = []byte(`"earliest"`)
	return listOffset(client, step)
}

func commitOffset(client sarama.ClusterAdmin, step speech.Step) (any, error) {
	place := map[int32]sarama.OffsetAndMetadata{step.Partition: {Offset: step.Offset, LeaderEpoch: -1}}
	answer, err := client.AlterConsumerGroupOffsets(step.Group, map[string]map[int32]sarama.OffsetAndMetadata{step.Topic: place}, nil)
	if err == nil && answer.Errors[step.Topic][step.Partition] != sarama.ErrNoError {
		err = answer.Errors[step.Topic][step.Partition]
	}
	return nil, err
}

func groupOffsets(client sarama.ClusterAdmin, step speech.Step) (any, error) {
	found, err := client.ListConsumerGroupOffsets(step.Group, nil)
	if err != nil {
		return nil, err
	}
	answer := [][3]any{}
	for topic, partitions := range found.Blocks {
		for _, partition := range slices.Sorted(maps.Keys(partitions)) {
			answer = append(answer, [3]any{topic, partition, partitions[partition].Offset})
		}
	}
	return answer, nil
}

func listGroups(client sarama.ClusterAdmin, step speech.Step) (any, error) {
	groups, err := client.ListConsumerGroups()
	return append([]string{}, slices.Sorted(maps.Keys(groups))...), err
}

func describeGroup(client sarama.ClusterAdmin, step speech.Step) (any, error) {
	found, err := client.DescribeConsumerGroups([]string{step.Group})
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return nil, errors.New("not one group was described")
	}
	return speech.Fields{"state": found[0].State, "members": len(found[0].Members)}, nil
}

func deleteGroup(client sarama.ClusterAdmin, step speech.Step) (any, error) {
	return nil, client.DeleteConsumerGroup(step.Group)
}

func deleteOffset(client sarama.ClusterAdmin, step speech.Step) (any, error) {
	return nil, client.DeleteConsumerGroupOffset(step.Group, step.Topic, step.Partition)
}

func cluster(client sarama.ClusterAdmin, step speech.Step) (any, error) {
	found, controller, err := client.DescribeCluster()
	brokers := [][2]any{}
	for _, broker := range found {
		_, port, _ := strings.Cut(broker.Addr(), ":")
		number, err := strconv.Atoi(port)
		speech.Must(err)
		brokers = append(brokers, [2]any{broker.ID(), number})
	}
	return speech.Fields{"brokers": brokers, "controller": controller, "id": nil}, err
}
