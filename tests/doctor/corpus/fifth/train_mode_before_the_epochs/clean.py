import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
X, y = make_moons(n_samples=900, noise=0.25, random_state=0)
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)


def to_loader(X, y, shuffle):
    ds = TensorDataset(torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.long))
    return DataLoader(ds, batch_size=32, shuffle=shuffle)


train_loader = to_loader(X_train, y_train, True)
val_loader = to_loader(X_val, y_val, False)

model = nn.Sequential(
    nn.Linear(2, 128), nn.ReLU(), nn.Dropout(0.4),
    nn.Linear(128, 128), nn.ReLU(), nn.Dropout(0.4),
    nn.Linear(128, 2),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(12):
    model.train()
    running = 0.0
    for inputs, targets in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(targets)

    model.eval()
    val_loss, val_hits = 0.0, 0
    with torch.no_grad():
        for inputs, targets in val_loader:
            logits = model(inputs)
            val_loss += criterion(logits, targets).item() * len(targets)
            val_hits += (logits.argmax(1) == targets).sum().item()
    n_train, n_val = len(train_loader.dataset), len(val_loader.dataset)
    print(f"epoch {epoch:2d}  train {running / n_train:.4f}  val {val_loss / n_val:.4f}  acc {val_hits / n_val:.3f}")
