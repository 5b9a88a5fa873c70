// The JDK's own HTTP client with its defaults, which offer HTTP/2 (h2c) on every plain request.
// Run as `java JavaUpload.java ADDRESS`; prints the body of each answer on a line of its own.

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.stream.IntStream;

public class JavaUpload {
  static HttpClient client = HttpClient.newHttpClient();

  public static void main(String[] args) throws Exception {
    String address = args[0];
    send("PUT", address + "/v1/event/fire/deploy", BodyPublishers.ofString("hi"));
    byte[][] lines = IntStream.rangeClosed(1, 3)
        .mapToObj(n -> nomad(n).getBytes(StandardCharsets.UTF_8))
        .toArray(byte[][]::new);
    // Of unknown length, so in chunks; its pieces come one after another.
    BodyPublisher chunked = BodyPublishers.ofByteArrays(java.util.List.of(lines));
    send("POST", address + "/v1/publish/nomad", chunked);
    send("GET", address + "/v1/event/list?name=deploy", BodyPublishers.noBody());
  }

  static void send(String method, String uri, BodyPublisher body) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(uri)).method(method, body).build();
    var answer = client.send(request, BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      throw new IllegalStateException(method + " answered " + answer.statusCode());
    }
    System.out.println(answer.body().strip().replace("\n", " "));
  }

  static String nomad(int number) {
    return "{\"Index\":" + number + ",\"Events\":[{\"Topic\":\"Job\",\"Type\":\"JobRegistered\","
        + "\"Key\":\"web\",\"Namespace\":\"default\",\"FilterKeys\":null,\"Index\":" + number
        + ",\"Payload\":{\"Job\":{\"ID\":\"web\"}}}]}\n";
  }
}
