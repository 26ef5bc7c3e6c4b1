import torch
from torch import nn

# Original (tf.keras):
#   x = Dense(64)(inp);  x = BatchNormalization(momentum=0.9)(x);  x = ReLU()(x)
#   x = Dense(64)(x);    x = BatchNormalization(momentum=0.9)(x);  x = ReLU()(x)
#   out = Dense(5)(x)                                              # from_logits=True

SEED, EPOCHS, BATCH = 31, 20, 16


def dense_block(n_in, n_out):
    return [nn.Linear(n_in, n_out), nn.BatchNorm1d(n_out, momentum=0.1), nn.ReLU()]


def build_model(n_features, n_classes):
    return nn.Sequential(*dense_block(n_features, 64), *dense_block(64, 64), nn.Linear(64, n_classes))


def blobs(n, centers, spread):
    label = torch.randint(0, len(centers), (n,))
    return centers[label] + spread * torch.randn(n, centers.shape[1]), label


torch.manual_seed(SEED)
centers = 2 * torch.randn(5, 12)
x_train, y_train = blobs(480, centers, 2.0)
x_val, y_val = blobs(400, centers, 2.0)

model = build_model(12, 5)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

for epoch in range(EPOCHS):
    model.train()
    for batch in torch.randperm(len(x_train)).split(BATCH):
        optimizer.zero_grad()
        loss = loss_fn(model(x_train[batch]), y_train[batch])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        logits = model(x_val)
        val_loss, val_acc = loss_fn(logits, y_val), (logits.argmax(1) == y_val).float().mean()
    if (epoch + 1) % 5 == 0:
        print(f"{epoch + 1:3d}  val_loss {val_loss:.4f}  val_accuracy {val_acc:.4f}")
