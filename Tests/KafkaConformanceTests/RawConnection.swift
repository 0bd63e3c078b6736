import Foundation
import KafkaProtocol
import Synchronization
import TestSupport
import Testing

/// A connection on which a test says exactly what it wants to, in any version, right or wrong.
final class RawConnection: Sendable {
    private let socket: LoopbackSocket
    private let lane = DispatchQueue(label: "raw connection")
    private let correlationId = Atomic<Int32>(0)

    /// The broker hung up, or did not answer in time.
    struct HungUp: Error {}

    init(to broker: BrokerUnderTest) throws {
        let first = try #require(broker.bootstrapServers.split(separator: ",").first)
        let parts = first.split(separator: ":")
        socket = try LoopbackSocket(connectingTo: String(parts[0]), port: #require(Int(parts[1])))
    }

    private func onLane<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { done in lane.async { done.resume(with: Result(catching: work)) } }
    }

    /// One request and its answer.
    func ask<Request: WireRequest>(_ request: Request, version: Int16) async throws -> Request.Response {
        let id = correlationId.add(1, ordering: .relaxed).newValue
        let bytes = request.frame(version: version, correlationId: id, clientId: "conformance").bytes
        let answer = try await onLane { [socket] in
            socket.sendFrame(bytes)
            guard let answer = socket.receiveFrame() else { throw HungUp() }
            return answer
        }
        let (answered, response) = try answer.withUnsafeBytes { try Request.Response.decodeResponse($0, version: version) }
        #expect(answered == id)
        return response
    }

    /// A request whose answer is not waited for.
    func tell<Request: WireRequest>(_ request: Request, version: Int16) async throws {
        let id = correlationId.add(1, ordering: .relaxed).newValue
        let bytes = request.frame(version: version, correlationId: id, clientId: "conformance").bytes
        _ = try await onLane { [socket] in socket.sendFrame(bytes) }
    }

    /// Bytes as they are (a frame's length is not added), and the frame that comes back; nil when the broker hangs up.
    func exchange(_ bytes: [UInt8]) async throws -> [UInt8]? {
        try await onLane { [socket] in
            socket.send(bytes)
            return socket.receiveFrame()
        }
    }

    func send(_ bytes: [UInt8]) async throws { _ = try await onLane { [socket] in socket.send(bytes) } }
    /// Bytes one by one, and the frame that comes back. In one go: a broker tires of a frame that takes half a minute to come, and on a busy
    /// machine a test's turns may lie that far apart.
    func exchangeSingly(_ bytes: [UInt8]) async throws -> [UInt8]? {
        try await onLane { [socket] in
            for byte in bytes { socket.send([byte]) }
            return socket.receiveFrame()
        }
    }
    func close() { socket.cut() }
}

/// A frame's length before its bytes.
func framed(_ bytes: [UInt8]) -> [UInt8] { withUnsafeBytes(of: UInt32(bytes.count).bigEndian, Array.init) + bytes }

extension ErrorCode {
    /// For a test's output: the name where there is one.
    static func name(_ code: Int16) -> String { ErrorCode(rawValue: code).map { "\($0)" } ?? "\(code)" }
}

func require(_ code: Int16, _ expected: ErrorCode, _ comment: Comment? = nil, at place: SourceLocation = #_sourceLocation) {
    #expect(ErrorCode.name(code) == "\(expected)", comment, sourceLocation: place)
}
