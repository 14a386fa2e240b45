package wire;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;

/** A connection that asks and prints. One that the broker closed is opened anew for the next request. */
final class Exchange {
    private static final int ANSWER_MS_MAX = 3_000;

    final Normal normal;
    final String host;
    final int port;
    private Socket socket;
    private int correlation;

    Exchange(String host, int port) {
        this.host = host;
        this.port = port;
        this.normal = new Normal();
    }

    /** Asks at every stable version that can express the request, and prints each answer. */
    void each(ApiKeys api, String title, IntFunction<ApiMessage> request) throws IOException {
        ApiMessageType type = api.messageType;
        for (int version = type.lowestSupportedVersion(); version <= type.highestSupportedVersion(false); version++) {
            tell(api, version, title, request.apply(version));
        }
    }

    /** Asks at the highest stable version and prints the answer. */
    ApiMessage last(ApiKeys api, String title, ApiMessage request) throws IOException {
        return tell(api, latest(api), title, request);
    }

    static int latest(ApiKeys api) {
        return api.messageType.highestSupportedVersion(false);
    }

    /** Asks and prints the answer; null where there is none, or where this version cannot express the request. */
    ApiMessage tell(ApiKeys api, int version, String title, ApiMessage request) throws IOException {
        if (request == null) {
            return null;
        }
        byte[] frame;
        try {
            frame = frame(api, version, ++correlation, "wire", request);
        } catch (UnsupportedVersionException | NullPointerException inexpressible) {
            return null;
        }
        return tellFrame(api, version, title, frame);
    }

    /** Sends bytes as they are and prints what came back. */
    ApiMessage tellFrame(ApiKeys api, int version, String title, byte[] frame) throws IOException {
        ByteBuffer answer;
        try {
            answer = exchange(frame);
        } catch (EOFException | SocketException closed) {
            drop();
            print(api.name(), version, title, JsonNodeFactory.instance.textNode("closed"));
            return null;
        } catch (SocketTimeoutException late) {
            drop();
            print(api.name(), version, title, JsonNodeFactory.instance.textNode("no answer"));
            return null;
        }
        ApiMessage response = read(api, version, answer);
        print(api.name(), version, title, normal.response(response, version));
        return response;
    }

    /** Asks without printing. */
    ApiMessage ask(ApiKeys api, int version, ApiMessage request) throws IOException {
        ByteBuffer answer = exchange(frame(api, version, ++correlation, "wire", request));
        return read(api, version, answer);
    }

    /** Asks again and again, without printing, until the answer is the one waited for. */
    @SuppressWarnings("unchecked")
    <T extends ApiMessage> T until(ApiKeys api, ApiMessage request, Predicate<T> wanted) throws IOException {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (System.nanoTime() < deadline) {
            T response = (T) ask(api, latest(api), request);
            if (wanted.test(response)) {
                return response;
            }
            pause();
        }
        throw new IOException("waited in vain for another answer to " + request);
    }

    private static void pause() {
        try {
            Thread.sleep(5);
        } catch (InterruptedException stopped) {
            throw new IllegalStateException(stopped);
        }
    }

    void print(String api, int version, String title, JsonNode answer) {
        ObjectNode line = JsonNodeFactory.instance.objectNode();
        line.put("api", api).put("version", version).put("case", title).set("answer", answer);
        System.out.println(line);
    }

    /** A request as it stands after the length. */
    static byte[] frame(ApiKeys api, int version, int correlation, String client, ApiMessage request) {
        RequestHeaderData header = new RequestHeaderData();
        header.setRequestApiKey(api.id).setRequestApiVersion((short) version);
        header.setCorrelationId(correlation).setClientId(client);
        short headerVersion = api.requestHeaderVersion((short) version);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ByteBuffer head = MessageUtil.toByteBufferAccessor(header, headerVersion).buffer();
        ByteBuffer body = MessageUtil.toByteBufferAccessor(request, (short) version).buffer();
        bytes.write(head.array(), head.arrayOffset() + head.position(), head.remaining());
        bytes.write(body.array(), body.arrayOffset() + body.position(), body.remaining());
        return bytes.toByteArray();
    }

    int nextCorrelation() {
        return ++correlation;
    }

    ByteBuffer exchange(byte[] frame) throws IOException {
        send(frame);
        return receive();
    }

    void send(byte[]... frames) throws IOException {
        if (socket == null) {
            socket = new Socket(host, port);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(ANSWER_MS_MAX);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (byte[] frame : frames) {
            bytes.writeBytes(ByteBuffer.allocate(4).putInt(frame.length).array());
            bytes.writeBytes(frame);
        }
        socket.getOutputStream().write(bytes.toByteArray());
    }

    ByteBuffer receive() throws IOException {
        DataInputStream input = new DataInputStream(socket.getInputStream());
        byte[] answer = new byte[input.readInt()];
        input.readFully(answer);
        return ByteBuffer.wrap(answer);
    }

    /** Reads an answer to its last byte; bytes left over are an error of the broker, printed as one. */
    ApiMessage read(ApiKeys api, int version, ByteBuffer answer) throws IOException {
        ByteBufferAccessor accessor = new ByteBufferAccessor(answer);
        new ResponseHeaderData(accessor, api.responseHeaderVersion((short) version));
        ApiMessage response = ApiMessageType.fromApiKey(api.id).newResponse();
        response.read(accessor, (short) version);
        if (answer.hasRemaining()) {
            throw new IOException(answer.remaining() + " bytes left over after " + response);
        }
        return response;
    }

    void drop() throws IOException {
        if (socket != null) {
            socket.close();
            socket = null;
        }
    }
}
