// The files of this folder declare what FaceScan.kt uses of kotlinx.serialization, so that it can
// be compiled where Maven cannot be reached. An app has the library itself.
package kotlinx.serialization

import kotlin.reflect.KClass
import kotlinx.serialization.descriptors.SerialDescriptor
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder

@Target(AnnotationTarget.CLASS, AnnotationTarget.TYPE, AnnotationTarget.PROPERTY)
annotation class Serializable

@Target(AnnotationTarget.PROPERTY, AnnotationTarget.CLASS)
annotation class SerialName(val value: String)

@Target(AnnotationTarget.FILE)
annotation class UseSerializers(vararg val serializers: KClass<*>)

interface KSerializer<T> {
    val descriptor: SerialDescriptor

    fun deserialize(decoder: Decoder): T

    fun serialize(encoder: Encoder, value: T)
}
