import com.ecwid.consul.v1.ConsulClient;
import com.ecwid.consul.v1.QueryParams;
import com.ecwid.consul.v1.Response;
import com.ecwid.consul.v1.event.model.Event;
import com.ecwid.consul.v1.event.model.EventParams;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Fires events and follows the list as Spring Cloud Consul does: a blocking list from the last index
 * on, of which it takes what it has not seen. Usage: HOST PORT COUNT
 */
public final class ConsulEvents {
    public static void main(String[] arguments) {
        String host = "http://" + arguments[0];
        int port = Integer.parseInt(arguments[1]);
        int count = Integer.parseInt(arguments[2]);
        Thread firing = new Thread(() -> {
            ConsulClient client = new ConsulClient(host, port);
            for (int number = 0; number < count; number++) {
                EventParams params = new EventParams();
                params.setNode("web.*");
                client.eventFire("deploy", "number " + number, params, QueryParams.DEFAULT);
            }
        });
        firing.start();
        ConsulClient client = new ConsulClient(host, port);
        Set<String> seen = new HashSet<>();
        long index = 0;
        while (seen.size() < count) {
            Response<List<Event>> answer = client.eventList("deploy", new QueryParams(10, index));
            for (Event event : answer.getValue()) {
                if (seen.add(event.getId())) {
                    System.out.println(String.join("|", event.getName(), event.getPayload(),
                        event.getNodeFilter(), Long.toString(event.getWaitIndex()),
                        Integer.toString(event.getlTime())));
                }
            }
            index = answer.getConsulIndex();
        }
    }
}
