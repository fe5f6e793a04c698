package kotlinx.serialization.json

interface JsonElement
