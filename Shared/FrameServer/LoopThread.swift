internal import CLinuxIo
internal import Glibc

/// Runs a server's loop on a thread of its own.
package enum LoopThread {
    /// `@unchecked` because it is made by the one thread that gives the server up and opened by the one that takes it.
    private final class Parcel: @unchecked Sendable {
        let server: FrameServer
        let ended: @Sendable () -> Void

        init(_ server: FrameServer, _ ended: @escaping @Sendable () -> Void) {
            self.server = server
            self.ended = ended
        }
    }

    /// Starts a thread that calls ``FrameServer/run()`` and then `ended`. The server and its handler belong to that thread from now on.
    package static func launch(
        _ server: sending FrameServer, ended: @escaping @Sendable () -> Void
    ) throws(ServerFault) {
        let parcel = Unmanaged.passRetained(Parcel(server, ended))  // taken over by the thread, or released below
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, loopThreadBody, parcel.toOpaque())
        guard code == 0 else {
            parcel.release()
            throw .system(operation: "start the loop's thread", code: code)
        }
        pthread_detach(thread)
    }

    fileprivate static func body(_ raw: UnsafeMutableRawPointer) {
        pthread_setname_np(pthread_self(), "frame-loop")
        let parcel = Unmanaged<Parcel>.fromOpaque(raw).takeRetainedValue()
        parcel.server.run()
        parcel.ended()
    }
}

private func loopThreadBody(_ raw: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let raw { LoopThread.body(raw) }
    return nil
}
