package wire;

import java.io.IOException;
import java.util.List;
import org.apache.kafka.common.message.ListConfigResourcesRequestData;
import org.apache.kafka.common.protocol.ApiKeys;

/** ListConfigResources. */
final class ConfigResourceCases {
    private ConfigResourceCases() {
    }

    static void run(Exchange exchange) throws IOException {
        exchange.each(ApiKeys.LIST_CONFIG_RESOURCES, "all", v -> new ListConfigResourcesRequestData());
        for (int type : new int[] {2, 4, 8, 16, 32, 0, 1, 99}) {
            list(exchange, "of type " + type, (byte) type);
        }
        list(exchange, "topics and groups", (byte) 2, (byte) 32);
        list(exchange, "topics twice", (byte) 2, (byte) 2);
        list(exchange, "topics and what is not there", (byte) 2, (byte) 99);
    }

    private static void list(Exchange exchange, String title, Byte... types) throws IOException {
        exchange.each(ApiKeys.LIST_CONFIG_RESOURCES, title, v -> new ListConfigResourcesRequestData().setResourceTypes(List.of(types)));
    }
}
