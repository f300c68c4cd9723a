import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Collectors;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;

/** Reads keys, one a line in hexadecimal, and says where the Java producer puts each in a topic of as many partitions as each argument says. */
public class Partitions {
    public static void main(String[] args) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null; ) {
            byte[] key = HexFormat.of().parseHex(line);
            System.out.println(Arrays.stream(args)
                .map(n -> String.valueOf(BuiltInPartitioner.partitionForKey(key, Integer.parseInt(n))))
                .collect(Collectors.joining(" ")));
        }
    }
}
