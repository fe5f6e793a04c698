package kotlinx.serialization.descriptors

interface SerialDescriptor

enum class PrimitiveKind { STRING }

fun PrimitiveSerialDescriptor(name: String, kind: PrimitiveKind): SerialDescriptor =
    object : SerialDescriptor {
        override fun toString() = "$name: $kind"
    }
