import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(8)

num_features, num_classes = 30, 5
proto = torch.randn(num_classes, num_features)
labels = torch.randint(0, num_classes, (1280,))
inputs = proto[labels] + 1.5 * torch.randn(1280, num_features)

train_ds = TensorDataset(inputs[:1024], labels[:1024])
val_ds = TensorDataset(inputs[1024:], labels[1024:])

micro_batch = 8
accum_steps = 4       # effective batch of 32; 1024 / 8 = 128 micro batches, 32 updates an epoch
train_loader = DataLoader(train_ds, batch_size=micro_batch, shuffle=True)
val_loader = DataLoader(val_ds, batch_size=128)

model = nn.Sequential(nn.Linear(num_features, 40), nn.GELU(), nn.LayerNorm(40), nn.Linear(40, num_classes))
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss()

updates = 0
for epoch in range(4):
    model.train()
    optimizer.zero_grad()
    epoch_loss = 0.0
    for i, (x, y) in enumerate(train_loader):
        loss = criterion(model(x), y)
        epoch_loss += loss.item()
        (loss / accum_steps).backward()
        if (i + 1) % accum_steps == 0:
            torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
            optimizer.step()
            optimizer.zero_grad()
            updates += 1
    model.eval()
    ok = 0
    with torch.no_grad():
        for x, y in val_loader:
            ok += (model(x).argmax(1) == y).sum().item()
    print(f"epoch {epoch}: loss {epoch_loss / len(train_loader):.3f}  val acc {ok / len(val_ds):.3f}  updates {updates}")
