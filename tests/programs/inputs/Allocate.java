// SPDX-License-Identifier: BSD-2-Clause
// Buffers outside Java's heap, compression, objects in it, threads. The output is the result.
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

public class Allocate {
    static String work(long seed) throws Exception {
        Random random = new Random(seed);
        CRC32 sum = new CRC32();
        ByteBuffer[] kept = new ByteBuffer[64];
        for (int i = 0; i < 3000; i++) {
            ByteBuffer buffer = ByteBuffer.allocateDirect(16 + random.nextInt(20000));
            while (buffer.remaining() >= 8)
                buffer.putLong(i);
            buffer.flip();
            sum.update(buffer);
            kept[random.nextInt(kept.length)] = buffer;
        }
        HashMap<String, List<Integer>> table = new HashMap<>();
        for (int i = 0; i < 100000; i++)
            table.computeIfAbsent("key" + random.nextInt(5000), key -> new ArrayList<>()).add(i);
        byte[] text = table.toString().getBytes("UTF-8");
        byte[] packed = new byte[text.length + 1000];
        byte[] unpacked = new byte[text.length];
        Deflater deflater = new Deflater(1);
        deflater.setInput(text);
        deflater.finish();
        int size = deflater.deflate(packed);
        deflater.end();
        Inflater inflater = new Inflater();
        inflater.setInput(packed, 0, size);
        int back = inflater.inflate(unpacked);
        inflater.end();
        sum.update(unpacked, 0, back);
        return table.size() + " " + back + " " + sum.getValue();
    }

    public static void main(String[] arguments) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        List<Callable<String>> jobs = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            long seed = i;
            jobs.add(() -> work(seed));
        }
        for (Future<String> result : threads.invokeAll(jobs))
            System.out.println(result.get());
        threads.shutdown();
    }
}
