import com.fasterxml.jackson.databind.JsonNode;

/** kafka-clients, the library of Apache Kafka: the scenarios' verbs (../README.md). */
public class Program {
    public static void main(String[] arguments) throws Exception {
        JsonNode told = Speech.parameters();
        switch (arguments[0]) {
            case "produce" -> Produce.run(told);
            case "consume" -> Consume.run(told);
            case "member" -> GroupMember.run(told);
            case "admin" -> Administration.run(told);
            case "transact" -> Transact.run(told);
            case "copy" -> Copy.run(told);
            case "pipeline" -> Pipeline.run(told);
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }
}
