import torch
import torch.nn as nn
import torch.optim as optim
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR
from torch.utils.data import DataLoader, TensorDataset, random_split

device = torch.device("cpu")
torch.manual_seed(123)

# %% data
features = torch.randn(700, 14)
labels = torch.div(features[:, :2].sum(dim=1).clamp(-2.99, 2.99) + 3, 2, rounding_mode="floor").long()
full = TensorDataset(features, labels)
train_ds, val_ds, test_ds = random_split(full, [500, 100, 100], generator=torch.Generator().manual_seed(0))
train_dl = DataLoader(train_ds, batch_size=50, shuffle=True)
val_dl = DataLoader(val_ds, batch_size=100)
test_dl = DataLoader(test_ds, batch_size=100)

# %% model
model = nn.Sequential(
    nn.Linear(14, 64),
    nn.ReLU(),
    nn.Linear(64, 3),
).to(device)

# %% optimisation
n_epochs = 8
optimizer = optim.SGD(model.parameters(), lr=0.2, momentum=0.9, weight_decay=1e-4)
warmup = LinearLR(optimizer, start_factor=0.1, total_iters=2)
cosine = CosineAnnealingLR(optimizer, T_max=n_epochs - 2, eta_min=1e-3)
scheduler = SequentialLR(optimizer, [warmup, cosine], milestones=[2])
loss_fn = nn.CrossEntropyLoss()

history = []
best_val_loss = float("inf")
best_state = None
for epoch in range(n_epochs):
    model.train()
    train_loss = 0.0
    for xb, yb in train_dl:
        xb, yb = xb.to(device), yb.to(device)
        optimizer.zero_grad()
        out = model(xb)
        loss = loss_fn(out, yb)
        loss.backward()
        optimizer.step()
        train_loss += loss.item() * xb.size(0)
    train_loss /= len(train_ds)

    model.eval()
    val_loss, val_correct = 0.0, 0
    with torch.no_grad():
        for xb, yb in val_dl:
            xb, yb = xb.to(device), yb.to(device)
            out = model(xb)
            val_loss += loss_fn(out, yb).item() * xb.size(0)
            val_correct += (out.argmax(dim=1) == yb).sum().item()
    val_loss /= len(val_ds)
    history.append((train_loss, val_loss, val_correct / len(val_ds), scheduler.get_last_lr()[0]))
    scheduler.step()
    if val_loss < best_val_loss:
        best_val_loss = val_loss
        best_state = {name: tensor.clone() for name, tensor in model.state_dict().items()}

# %% results
for row in history:
    print("train %.3f val %.3f acc %.3f lr %.4f" % row)
model.load_state_dict(best_state)
model.eval()
with torch.no_grad():
    correct = sum((model(xb).argmax(1) == yb).sum().item() for xb, yb in test_dl)
print("test accuracy", correct / len(test_ds))
