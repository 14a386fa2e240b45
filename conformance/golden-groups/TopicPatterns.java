import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Prints what the engine of the Apache Kafka on the class path makes of patterns of topics: those of a list and random
 * ones. Tabs between: the pattern in JSON's quotes, then "error" and why, or "matches" and which of the names below match.
 *
 * With the argument "classes": each name of a Unicode class, the 128 ASCII characters that it holds as hexadecimal number,
 * the highest first, and those that it holds where case does not count.
 */
public class TopicPatterns {
    private static final List<String> NAMES = List.of("a", "A", "b", "ab", "aab", "abab", "s", "K", "orders", "Orders",
        "orders.eu", "orders-eu", "orders_eu", "orders1", "orders12", "123", "__consumer_offsets", "a.b.c", "x-y_z.0",
        "a".repeat(30));

    private static final List<String> WRITTEN = List.of(".*", "", "orders.*", "orders\\..*", "^orders$", "orders|a", "(orders|a)b?",
        "(?i)ORDERS", "(?i:o)rders", "(?i)k", "(?i)\u017f", "(?i)[\u0100-\u0200]", "(?i)[\u2100-\u2200]", "(?-i)a", "(?i-s)a",
        "(?s).*", "(?m)^a$", "(?U)a*", "(?)a", "(?i", "(?i-)a", "(?x)a", "(?--i)a", "(?=a)a", "(?!a)b", "(?<=a)b", "(?>a)",
        "(?P<n>a)", "(?<n>a)", "(?P<n>a)(?P<n>b)", "(?P<>a)", "(?P<n", "(?<n-m>a)", "(?'n'a)", "(?#c)a", "(?P=n)",
        "a**", "a*+", "a*?", "a+?", "a??", "a{2}?", "a{2}{3}", "a{2}*", "*", "+a", "|*", "(*)", "a|*", "(?i)*", "a(?i)*", "a*(?i)*",
        "a*(?i)?", "a{2}\\Q\\E?", "^*", "$+a", "\\b*a", "()*", "(|a)*b", "{", "a{", "a{,2}", "a{2", "a{2,", "a{2,1}", "a{1001}", "a{1000}",
        "a{0}", "a{0,0}b", "a{01}", "a{999999999}", "a{2,999999999}", "a{-1}", "{*", "a{*", "a{2x}", "(a{2}){3}", "a{30}",
        ")", "(", "a)", "(a", "((a)", "a|b)", "(?:a", "[", "[]", "[]a]", "[^]a]", "[a", "[a-", "[a-z", "[z-a]", "[a-]", "[-a]", "[--a]+", "[a-c-e]+",
        "[[:alpha:]]+", "[[:^alpha:]]+", "[[:foo:]]", "[[:alpha:]", "[:alpha:]+", "[[:word:]]+", "[^[:word:]]+", "[[=a=]]", "[a&&b]", "[a--b]",
        "[a~~b]", "[\\w.]+", "[\\W]+", "[^\\W]+", "[\\d-z]+", "[a-\\d]+", "[\\pL]+", "[\\PL]+", "[^\\pL]+", "[\\b]", "[\\Q]", "[\\E]", "[\\A]", "[\\]]", "[\\-a]",
        "\\d+", "\\D+", "\\s", "\\S+", "\\w+", "\\W+", "\\h", "\\R", "\\X", "\\K", "\\G", "\\Z", "\\z", "a\\z", "\\Aa", "\\A\\Aa\\z\\z", "a\\b", "\\Ba", "a\\B",
        "\\C", "\\1", "\\12", "\\8", "\\0", "\\061", "\\0611", "\\141", "\\777", "\\x61", "\\x6", "\\x", "\\xzz", "\\x{61}", "\\x{}", "\\x{61", "\\x{110000}",
        "\\x{0000061}", "\\a", "\\e", "\\f", "\\n", "\\r", "\\t", "\\v", "\\cA", "\\u0061", "\\N{x}", "\\", "a\\", "\\_", "\\-", "\\.", "\\\u00e9", "\u00e9", "\u00e9*a",
        "\\Qa.b.c\\E", "\\Qa.b.c", "\\Q", "\\E", "\\Q\\E", "\\Qa\\E*", "\\Qab\\E+", "a\\Q", "\\Q|\\E|a", "\\pL+", "\\PL+", "\\p{L}+", "\\p{^L}+", "\\P{^L}+",
        "\\p{Lu}.*", "(?i)\\p{Lu}+", "(?i)\\p{Ll}+", "(?i)\\P{Lu}+", "\\p{Latin}+", "\\p{Common}+", "\\p{Greek}", "\\p{Any}+", "\\p{ Any}", "\\p{Foo}", "\\p", "\\p{L", "\\p{}",
        "\\p{^}", "\\pq", "\\p{latin}", "\\p{Script=Latin}", "\\p{Alphabetic}", "[[:lower:]]+", "(?i)[[:lower:]]+", "(?i)[[:^lower:]]+", "(?i)[^a-z]+", "(?i)[a-z]+",
        "(?i)(?-i)A", "((?i)a)B", "((?i)a|b)B", "(?i:a|b)b", "a|b|ab|aab", "(a|ab)(b|)", "(?:a|b)*", "(a*)*b", "(a*)+", "(a?){30}a{30}", "(a|aa)+", "(.*)(.*)(.*)(.*)",
        "a.c", "a|", "|", "||a", "(|)", "(a|)", "x-y_z\\.0", "x-y_z.0", "a b", "#a", "a # c", "~", "&", "-", "]", "}", "a}", "\"a\"", "a\nb", "[\n]", "(?s)a.b",
        "a{1,2}{3}", "a{,}", "a{1,2", "(a{1000}){1000}", "a**b", "(?i)a*(?-i)+", "(((((((((a)))))))))", "\ud83d\ude00", "[\ud83d\ude00]a", "[a-\ud83d\ude00]+", "_+.*", "^__.*");

    private static final List<String> PIECES = List.of("a", "b", "A", "k", "orders", ".", "*", "+", "?", "{1,2}", "{2}", "{0,3}?", "{", "}", "(", ")", "(?:",
        "(?i)", "(?i:", "(?-i)", "|", "^", "$", "[", "]", "[a-c]", "[^a]", "[^", "-", "\\", "\\d", "\\w", "\\W", "\\b", "\\B", "\\.", "\\Q", "\\E", "\\pL",
        "\\p{Lu}", "[[:alpha:]", "[[:digit:]]", "(?P<n>", "\\x61", "\\1", "\\07", ",", "1", "(?s)", ".*", "\u00e9", ":]");

    public static void main(String[] arguments) throws Exception {
        if (List.of(arguments).contains("classes")) {
            classes();
            return;
        }
        WRITTEN.forEach(TopicPatterns::print);
        Random random = new Random(848);
        for (int each = 0; each < 700; each++) {
            StringBuilder pattern = new StringBuilder();
            for (int piece = 0; piece < 1 + random.nextInt(7); piece++)
                pattern.append(PIECES.get(random.nextInt(PIECES.size())));
            print(pattern.toString());
        }
    }

    private static void print(String text) {
        StringBuilder line = new StringBuilder("\"");
        for (char unit : text.toCharArray())
            line.append(unit == '"' || unit == '\\' ? "\\" + unit : unit < ' ' || unit > '~' ? String.format("\\u%04x", (int) unit) : "" + unit);
        line.append("\"\t");
        try {
            Pattern pattern = Pattern.compile(text);
            line.append("matches\t").append(NAMES.stream().filter(name -> pattern.matcher(name).matches()).collect(Collectors.joining(" ")));
        } catch (PatternSyntaxException error) {
            line.append("error\t").append(error.getDescription());
        }
        System.out.println(line);
    }

    private static void classes() throws Exception {
        TreeSet<String> names = new TreeSet<>(List.of("Any"));
        for (String table : List.of("CATEGORIES", "SCRIPTS")) {
            Field field = Class.forName("com.google.re2j.UnicodeTables").getDeclaredField(table);
            field.setAccessible(true);
            ((Map<?, ?>) field.get(null)).keySet().forEach(name -> names.add((String) name));
        }
        for (String name : names) {
            List<String> sets = new ArrayList<>();
            for (String flags : List.of("", "(?i)")) {
                Pattern pattern = Pattern.compile(flags + "(?s)\\p{" + name + "}");
                java.math.BigInteger set = java.math.BigInteger.ZERO;
                for (int character = 0; character < 128; character++)
                    if (pattern.matcher("" + (char) character).matches())
                        set = set.setBit(character);
                sets.add(set.toString(16));
            }
            System.out.println(name + "\t" + String.join("\t", sets));
        }
    }
}
