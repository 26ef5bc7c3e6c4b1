import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.manual_seed(1)


def get_loss(kind):
    if kind == 'regression':
        return nn.MSELoss()
    if kind == 'binary':
        return nn.CrossEntropyLoss()
    raise ValueError(kind)


def prepare():
    X, y = load_breast_cancer(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=0, stratify=y)
    scaler = StandardScaler()
    X_train = scaler.fit_transform(X_train)
    X_test = scaler.transform(X_test)
    as_col = lambda v: torch.from_numpy(v).float().view(-1, 1)
    return torch.from_numpy(X_train).float(), torch.from_numpy(X_test).float(), as_col(y_train), as_col(y_test)


class LogReg(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.linear = nn.Linear(d, 1)

    def forward(self, x):
        return self.linear(x)


X_train, X_test, y_train, y_test = prepare()
model = LogReg(X_train.shape[1])
criterion = get_loss('binary')
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

for epoch in range(200):
    out = model(X_train)
    loss = criterion(out, y_train)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 50 == 0:
        print('epoch', epoch, 'loss', loss.item())

model.eval()
with torch.no_grad():
    acc = ((model(X_test) > 0) == y_test.bool()).float().mean().item()
print('test accuracy', acc)
