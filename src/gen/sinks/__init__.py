"""Where blocks land. Every sink keeps the contract of `gen.block.Sink`: whatever is repeated leaves one copy."""
