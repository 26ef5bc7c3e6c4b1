# 데이터: 손글씨 숫자의 일부 픽셀로 숫자 맞히기
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
X, y = load_digits(return_X_y=True)
X_tr, X_va, y_tr, y_va = train_test_split(X / 16, y, test_size=0.3, random_state=1, stratify=y)


def make(a, b, **kw):
    return DataLoader(TensorDataset(torch.tensor(a, dtype=torch.float32), torch.tensor(b)), **kw)


train_loader = make(X_tr, y_tr, batch_size=32, shuffle=True)
valid_loader = make(X_va, y_va, batch_size=256)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(64, 48)
        self.drop = nn.Dropout(0.5)
        self.l2 = nn.Linear(48, 10)

    def forward(self, x):
        return self.l2(self.drop(torch.relu(self.l1(x))))


def valid_accuracy(model):
    model.eval()
    c = 0
    with torch.no_grad():
        for xb, yb in valid_loader:
            c += model(xb).argmax(1).eq(yb).sum().item()
    return c / len(valid_loader.dataset)


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss()

best_acc, wait, patience = 0.0, 0, 4      # 기다리는 횟수
best_weights = None
for epoch in range(40):
    model.train()
    for xb, yb in train_loader:
        optimizer.zero_grad()
        criterion(model(xb), yb).backward()
        optimizer.step()
    acc = valid_accuracy(model)
    if acc > best_acc:
        best_acc = acc
        wait = 0
        best_weights = {k: v.clone() for k, v in model.state_dict().items()}
    else:
        wait += 1
        if wait >= patience:
            print('중단', epoch)
            break

model.load_state_dict(best_weights)
print('최고 검증 정확도', round(best_acc, 4))
