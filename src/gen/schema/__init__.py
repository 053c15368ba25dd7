"""What the user declared, whatever the language it was declared in, as one frozen vocabulary (`spec`)."""
