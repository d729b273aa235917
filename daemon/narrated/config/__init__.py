"""The configuration: one strict YAML file, its values, and the workers it asks for."""
