package application;

import java.util.Scanner;
import org.springframework.boot.CommandLineRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.cloud.bus.BusProperties;
import org.springframework.cloud.bus.event.AckRemoteApplicationEvent;
import org.springframework.cloud.bus.jackson.RemoteApplicationEventScan;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.event.EventListener;

/** A member of the bus: greets whom it is told to, and reports what it hears, one line of JSON each. */
@SpringBootApplication
@RemoteApplicationEventScan
public class Application {
    public static void main(String[] arguments) {
        SpringApplication.run(Application.class, arguments);
    }

    @EventListener
    void hear(Greeting greeting) {
        System.out.printf("{\"heard\": \"%s\", \"from\": \"%s\"}%n", greeting.getWords(), greeting.getOriginService());
    }

    @EventListener
    void hear(AckRemoteApplicationEvent acknowledged) {
        System.out.printf("{\"acknowledged\": \"%s\", \"by\": \"%s\"}%n", acknowledged.getAckId(), acknowledged.getOriginService());
    }

    /** Each line is a destination and the words for it; the first line is not for us. */
    @Bean
    CommandLineRunner greet(ApplicationEventPublisher bus, BusProperties self) {
        return words -> {
            var lines = new Scanner(System.in);
            lines.nextLine();
            System.out.println("{\"ready\": true}");
            while (lines.hasNextLine()) {
                var line = lines.nextLine().split(" ", 2);
                bus.publishEvent(new Greeting(this, self.getId(), line[0], line[1]));
            }
        };
    }
}
