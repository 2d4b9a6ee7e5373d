"""What touches the world: clocks, sockets, HTTP and processes."""
