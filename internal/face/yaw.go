package face

// yawDirection is the asymmetry of the points that turning the head makes, for the pictures.
var yawDirection = fitted.headTurn
