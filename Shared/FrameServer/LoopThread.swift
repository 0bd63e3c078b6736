internal import CLinuxIo
internal import Glibc
internal import Synchronization

/// A server on its way to the thread that will run its loop.
///
/// `@unchecked` because whoever made the server has given it up, and it is taken out once, by the loop's thread.
package final class LoopThread: @unchecked Sendable {
    private let server: FrameServer
    private let isLaunched = Atomic(false)
    private let ended = Mutex<(@Sendable () -> Void)?>(nil)

    /// The server and its handler belong to the loop's thread from now on.
    package init(_ server: sending FrameServer) { self.server = server }

    /// Starts the thread: it calls ``FrameServer/run()`` and then `ended`. Call once.
    package func launch(ended: @escaping @Sendable () -> Void) throws(ServerFault) {
        precondition(!isLaunched.exchange(true, ordering: .relaxed), "a loop was started twice")
        self.ended.withLock { $0 = ended }
        let parcel = Unmanaged.passRetained(self)  // taken over by the thread, or released below
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, loopThreadBody, parcel.toOpaque())
        guard code == 0 else {
            parcel.release()
            throw .system(operation: "start the loop's thread", code: code)
        }
        pthread_detach(thread)
    }

    package static func launch(_ server: sending FrameServer, ended: @escaping @Sendable () -> Void) throws(ServerFault) {
        try LoopThread(server).launch(ended: ended)
    }

    fileprivate func body() {
        pthread_setname_np(pthread_self(), "frame-loop")
        server.run()
        ended.withLock { $0.take() }?()
    }
}

private func loopThreadBody(_ raw: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let raw { Unmanaged<LoopThread>.fromOpaque(raw).takeRetainedValue().body() }
    return nil
}
