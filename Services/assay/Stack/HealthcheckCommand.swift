import Glibc
import ServiceRuntime

/// `assay healthcheck URL`: for containers, which need no other program for it.
enum HealthcheckCommand {
    private struct Unhealthy: Error, CustomStringConvertible {
        var description: String
    }

    static let command = Command(
        "healthcheck", abstract: "Asks an http:// address; exit code 0 if it answers with a status of 200 to 299, else 1.",
        options: [.init("timeout", .duration(.milliseconds(10)...Duration.seconds(60)), default: "2s", doc: "How long each step may take")],
        arguments: [.init("url", doc: "Such as http://127.0.0.1:8080/readyz")]
    ) { invocation in
        let answer = try HttpProbe(url: invocation.string("url")).get(limitMillis: Int(invocation.duration("timeout") / .milliseconds(1)))
        let body = answer.body.split(separator: "\n").first.map(String.init) ?? ""
        guard 200...299 ~= answer.status else {
            throw Unhealthy(description: "\(invocation.string("url")) answers \(answer.status) \(body)")
        }
        print("\(answer.status) \(body)")
    }
}
