"""cart_service: asked over HTTP only, and has nothing to tell yet."""
