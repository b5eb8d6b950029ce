"""What a dynamic graph has learned."""
