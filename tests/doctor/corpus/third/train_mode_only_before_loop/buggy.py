import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.manual_seed(7)

# 1. data
X, y = load_wine(return_X_y=True)
X_tr, X_va, y_tr, y_va = train_test_split(X, y, test_size=0.3, stratify=y, random_state=7)
sc = StandardScaler().fit(X_tr)
X_tr = torch.tensor(sc.transform(X_tr), dtype=torch.float32)
X_va = torch.tensor(sc.transform(X_va), dtype=torch.float32)
y_tr, y_va = torch.tensor(y_tr), torch.tensor(y_va)
loader = DataLoader(TensorDataset(X_tr, y_tr), batch_size=31, shuffle=True)

# 2. model
model = nn.Sequential(
    nn.Linear(13, 48),
    nn.BatchNorm1d(48),
    nn.ReLU(),
    nn.Dropout(0.4),
    nn.Linear(48, 3),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

# 3. training
history = []
model.train()
for epoch in range(15):
    running, seen = 0.0, 0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(yb)
        seen += len(yb)

    model.eval()
    with torch.no_grad():
        logits = model(X_va)
        va_loss = criterion(logits, y_va).item()
        va_acc = (logits.argmax(dim=1) == y_va).float().mean().item()
    history.append((running / seen, va_loss, va_acc))

# 4. report
for e, (tl, vl, va) in enumerate(history):
    if e % 5 == 4:
        print(f"epoch {e + 1:2d}  train {tl:.3f}  val {vl:.3f}  acc {va:.3f}")
