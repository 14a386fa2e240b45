package application;

import org.springframework.cloud.bus.event.PathDestinationFactory;
import org.springframework.cloud.bus.event.RemoteApplicationEvent;

/** An event of our own on the bus. */
public class Greeting extends RemoteApplicationEvent {
    private String words;

    /** For those who read it from the bus. */
    public Greeting() {
    }

    Greeting(Object source, String origin, String destination, String words) {
        super(source, origin, new PathDestinationFactory().getDestination(destination));
        this.words = words;
    }

    public String getWords() {
        return words;
    }
}
