import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader
from sklearn.datasets import load_wine
from sklearn.metrics import classification_report
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import RobustScaler


class Table(Dataset):
    def __init__(self, X, y=None):
        self.X = torch.as_tensor(X, dtype=torch.float32)
        self.y = None if y is None else torch.as_tensor(y)

    def __len__(self):
        return self.X.shape[0]

    def __getitem__(self, i):
        return self.X[i] if self.y is None else (self.X[i], self.y[i])


def train(model, loader, epochs):
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    criterion = nn.CrossEntropyLoss()
    model.train()
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()


def predict(model, X, batch_size=16):
    loader = DataLoader(Table(X), batch_size=batch_size, shuffle=False)
    model.eval()
    chunks = []
    with torch.no_grad():
        for x in loader:
            chunks.append(model(x).argmax(dim=1))
    return torch.cat(chunks).numpy()


torch.manual_seed(0)
X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)
scaler = RobustScaler().fit(X_train)
net = nn.Sequential(nn.Linear(13, 24), nn.ReLU(), nn.Linear(24, 3))
train(net, DataLoader(Table(scaler.transform(X_train), y_train), batch_size=16, shuffle=True), epochs=20)
y_pred = predict(net, scaler.transform(X_test))
print(classification_report(y_test, y_pred, digits=3, zero_division=0))
