"""What can speak or describe: one module an engine, loaded only inside a worker."""
