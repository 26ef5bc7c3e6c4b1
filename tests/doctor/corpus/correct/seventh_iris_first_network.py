# My first neural network: Iris, step by step
import torch
from sklearn.datasets import load_iris
from sklearn.metrics import classification_report
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.manual_seed(1)

# 1. data
iris = load_iris()
x_train, x_test, y_train, y_test = train_test_split(
    iris.data, iris.target, test_size=0.3, stratify=iris.target, random_state=1)

scaler = StandardScaler()
x_train = scaler.fit_transform(x_train)
x_test = scaler.transform(x_test)

x_train = torch.FloatTensor(x_train)
x_test = torch.FloatTensor(x_test)
y_train = torch.LongTensor(y_train)
y_test = torch.LongTensor(y_test)

# 2. model
model = torch.nn.Sequential(
    torch.nn.Linear(4, 16),
    torch.nn.ReLU(),
    torch.nn.Linear(16, 3),
)

# 3. loss and optimizer: the loss wants raw scores and class numbers
loss_function = torch.nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

# 4. training: 105 flowers fit in one batch
losses = []
for epoch in range(100):
    model.train()
    scores = model(x_train)
    loss = loss_function(scores, y_train)

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

    losses.append(loss.item())
    if (epoch + 1) % 25 == 0:
        print(f"epoch {epoch + 1}: loss {loss.item():.4f}")

# 5. test
model.eval()
with torch.no_grad():
    scores = model(x_test)
    probabilities = torch.softmax(scores, dim=1)
    predicted = probabilities.argmax(dim=1)

print(f"loss went from {losses[0]:.3f} to {losses[-1]:.3f}")
print(classification_report(y_test.numpy(), predicted.numpy(), target_names=list(iris.target_names)))
print("least certain flower:", probabilities.max(dim=1).values.min().item())
