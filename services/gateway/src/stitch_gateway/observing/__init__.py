"""What a request leaves behind: a span, a log line and two numbers, all by its template."""
