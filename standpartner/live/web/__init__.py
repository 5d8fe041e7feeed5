"""Serves the page, the HTTP API and the WebSocket, and decides who may reach them."""
