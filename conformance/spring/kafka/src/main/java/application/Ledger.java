package application;

import org.springframework.boot.ApplicationArguments;
import org.springframework.boot.ApplicationRunner;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.transaction.KafkaTransactionManager;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/** Transactions of producers alone: some that end well, and some that do not. */
@Component
public class Ledger implements ApplicationRunner {
    private final KafkaTemplate<String, String> template;
    private final TransactionTemplate transactions;

    Ledger(KafkaTemplate<String, String> kafkaTemplate, KafkaTransactionManager<String, String> manager) {
        template = kafkaTemplate;
        transactions = new TransactionTemplate(manager);
    }

    @Override
    public void run(ApplicationArguments arguments) {
        attempt("executeInTransaction", () -> template.executeInTransaction(within -> book("executed", false)));
        attempt("executeInTransaction, failing", () -> template.executeInTransaction(within -> book("execution-failed", true)));
        attempt("KafkaTransactionManager", () -> transactions.execute(status -> book("managed", false)));
        attempt("KafkaTransactionManager, failing", () -> transactions.execute(status -> book("management-failed", true)));
        attempt("KafkaTransactionManager, rolled back", () -> transactions.execute(status -> {
            status.setRollbackOnly();
            return book("rolled-back", false);
        }));
        attempt("all", () -> null);
    }

    /** Writes to all partitions, then fails where it shall. */
    private Void book(String word, boolean failing) {
        for (int partition = 0; partition < 3; partition++) {
            template.send("ledger", partition, word, word + "-" + partition).join();
        }
        if (failing) {
            throw new IllegalStateException(word);
        }
        return null;
    }

    private void attempt(String what, java.util.function.Supplier<Void> transaction) {
        try {
            transaction.get();
            Report.done(what, "returned");
        } catch (IllegalStateException failure) {
            Report.done(what, "threw");
        }
    }
}
