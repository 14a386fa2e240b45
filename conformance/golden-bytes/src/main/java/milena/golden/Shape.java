package milena.golden;

/** How much of a message is set. */
enum Shape {
    /** Nothing but what no encoding can do without. */
    DEFAULT(0.0, false),
    /** Few fields; what is written at other versions then is often legal. */
    SPARSE(0.25, true),
    /** Half of the fields, null where null is allowed among the rest. */
    MIXED(0.6, false),
    /** Every field, no null. */
    FULL(1.0, false),
    /** Few fields, and an unknown tagged field in every struct. */
    TAGGED(0.4, true);

    final double chanceToSet;
    private final boolean otherVersions;

    Shape(double chanceToSet, boolean otherVersions) {
        this.chanceToSet = chanceToSet;
        this.otherVersions = otherVersions;
    }

    boolean isWrittenAtOtherVersions() {
        return otherVersions;
    }

    /** Whether Kafka is asked to read it with bytes changed, too. */
    boolean isChanged() {
        return this == MIXED || this == TAGGED;
    }
}
