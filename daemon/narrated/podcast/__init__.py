"""The podcast: feeds of the outbox that podcast players subscribe to."""
