//! What a connection runs on: a TCP socket, or any other stream.

use std::future::Future;
use std::io::{self, IoSlice};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::io::FileRegion;
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// A stream of bytes with what only some streams can do.
pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin + Send {
    /// Whether [`Transport::poll_send_file`] works here.
    const SENDS_FILES: bool;

    /// Sends a beginning of a file's region, no longer than `length_max`, without copying it; 0 where the file has
    /// ended.
    fn poll_send_file(
        &mut self,
        region: &FileRegion,
        length_max: usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>>;

    /// As `poll_write_vectored`, where a file follows at once: the system may hold the bytes back to fill a packet.
    fn poll_write_before_file(
        &mut self,
        slices: &[IoSlice<'_>],
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>>;

    /// Ready once the peer has closed its side, even while bytes wait to be read. Streams that cannot tell never are.
    fn poll_peer_closed(&mut self, context: &mut Context<'_>) -> Poll<()>;

    /// The peer's closing is not waited for any more.
    fn forget_peer_closed(&mut self) {}
}

/// Any stream: files are read and written.
pub(super) struct Plain<S>(pub(super) S);

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Transport for Plain<S> {
    const SENDS_FILES: bool = false;

    fn poll_send_file(&mut self, _: &FileRegion, _: usize, _: &mut Context<'_>) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }

    fn poll_write_before_file(
        &mut self,
        slices: &[IoSlice<'_>],
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, slices)
    }

    fn poll_peer_closed(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

/// A TCP connection: files go by `sendfile`.
pub(super) struct Socket {
    stream: TcpStream,
    /// Ends when the peer closes while we do not read; on a handle of its own, made when that is asked first.
    watch: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    is_peer_closed: bool,
}

impl Socket {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, watch: None, is_peer_closed: false }
    }

    /// Runs a system call that writes to the socket, when the socket takes bytes.
    fn poll_write_call(
        &self,
        context: &mut Context<'_>,
        mut call: impl FnMut() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(context))?;
            match self.stream.try_io(Interest::WRITABLE, &mut call) {
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                result => return Poll::Ready(result),
            }
        }
    }
}

impl Transport for Socket {
    const SENDS_FILES: bool = true;

    fn poll_send_file(
        &mut self,
        region: &FileRegion,
        length_max: usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let length = region.length.min(length_max);
        self.poll_write_call(context, || region.file.send_to(self.stream.as_fd(), region.position, length))
    }

    fn poll_write_before_file(
        &mut self,
        slices: &[IoSlice<'_>],
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.poll_write_call(context, || {
            let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
            Ok(sendmsg(&self.stream, slices, &mut SendAncillaryBuffer::default(), flags)?)
        })
    }

    fn poll_peer_closed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.is_peer_closed {
            return Poll::Ready(());
        }
        if self.watch.is_none() {
            let second = self.stream.as_fd().try_clone_to_owned().map(std::net::TcpStream::from);
            // Without a handle to spare the close is found by the next read or write.
            let Ok(second) = second.and_then(TcpStream::from_std) else { return Poll::Pending };
            self.watch = Some(Box::pin(async move {
                // Urgent data, which nobody sends, or the end: not the bytes that wait to be read.
                let _ = second.ready(Interest::PRIORITY).await;
            }));
        }
        if let Some(watch) = &mut self.watch {
            ready!(watch.as_mut().poll(context));
            self.is_peer_closed = true;
        }
        Poll::Ready(())
    }

    fn forget_peer_closed(&mut self) {
        self.watch = None;
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Plain<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Plain<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
